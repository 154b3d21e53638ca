"""The commands, called as a person would, on data of their own."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

Call = Callable[..., tuple[int, str, str]]


def test_the_whole_loop_from_a_file_to_a_rollback(call: Call, answers: Path, tmp_path: Path) -> None:
    rows = len(pd.read_csv(answers))
    code, out, _ = call("catalog", "import", "--from-responses", answers, "--json")
    assert code == 0
    assert json.loads(out)["skills"] == 16
    assert call("responses", "import", answers, "--json")[:2] == (0, _counts(recorded=rows))
    assert call("responses", "import", answers, "--json")[:2] == (0, _counts(replayed=rows))

    code, out, _ = call("train", "--json")
    assert code == 0
    first = json.loads(out)
    assert (first["version"], first["champion"], first["champion_metrics"]) == ("1", "1", None)
    code, out, _ = call("train", answers, "--seed", 1, "--json")
    second = json.loads(out)
    assert (second["version"], second["champion"]) == ("2", "1")
    assert second["champion_metrics"]["auc"] > 0.5
    out = call("models", "compare", "1", "2", "--json")[1]
    assert json.loads(out)["metrics"]["auc"] == [first["metrics"]["auc"], second["metrics"]["auc"]]
    promoted = json.loads(call("models", "promote", "2", "--reason", "a test", "--json")[1])
    assert (promoted["champion"], promoted["before"], promoted["refused"]) == ("2", "1", [])
    assert [row["champion"] for row in json.loads(call("models", "list", "--json")[1])] == ["", "champion"]
    assert json.loads(call("models", "rollback", "--json")[1]) == {"champion": "1", "before": "2"}
    assert call("sync", "--once")[0] == 0

    exported = tmp_path / "out.parquet"
    assert json.loads(call("export", exported, "--json")[1])["rows"] == rows
    assert set(pd.read_parquet(exported)["id"]) == set(pd.read_csv(answers)["id"])
    assert call("responses", "import", exported, "--json")[:2] == (0, _counts(replayed=rows))


def _counts(**counts: int) -> str:
    names = dict.fromkeys(("recorded", "replayed", "conflict", "rejected", "unknown_items"), 0)
    return json.dumps({**names, **counts, "faults": []}) + "\n"


def test_demo_makes_a_school_once_and_keeps_it(call: Call) -> None:
    assert json.loads(call("demo", "--json")[1]) == {"simulated": True, "model": "1"}
    roster = json.loads(call("roster", "show", "--json")[1])
    assert [one["title"] for one in roster["classes"]] == ["Maths 4a", "Maths 5a", "Maths 6a", "Support 4"]
    assert "Ada Acheampong" in {one["name"] for one in roster["students"]}
    made = json.loads(call("demo", "--json")[1])
    assert made["simulated"] is False
    assert made["model"].startswith("1-")


def test_a_bad_row_is_told_and_the_others_are_recorded(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(
        "student_id,item_id,correct,answered_at\n"
        "a,1,1,2025-01-01T00:00:00Z\n"
        "a,2,7,2025-01-01T00:01:00Z\n"
        "a,3,0,yesterday\n"
        ",4,0,2025-01-01T00:02:00Z\n"
        "a,5,true,1735689900\n"
    )
    code, out, err = call("responses", "import", path, "--json")
    told = json.loads(out)
    assert code == 1
    assert (told["recorded"], told["rejected"], told["unknown_items"]) == (2, 3, 2)
    assert [fault.split(":")[0] for fault in told["faults"]] == ["row 2", "row 3", "row 4"]
    assert "row 3: answered_at" in err


def test_a_file_without_the_columns_says_how_to_name_them(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("user,question,right\nu1,q1,1\n")
    code, _, err = call("responses", "import", path)
    assert code == 1
    assert "'student_id'" in err
    assert "--column student_id=" in err
    named = ("-c", "student_id=user", "-c", "item_id=question", "-c", "correct=right")
    assert json.loads(call("responses", "import", path, *named, "--json")[1])["recorded"] == 1
    assert call("responses", "import", path, "-c", "student_id")[0] == 2


def test_a_cycle_is_refused_by_name_and_dropped_on_request(call: Call, tmp_path: Path) -> None:
    items, edges = tmp_path / "items.csv", tmp_path / "edges.csv"
    items.write_text("item_id,skill_ids\n1,a\n2,b;c\n")
    edges.write_text("prerequisite,skill\na,b\nb,a\nb,c\n")
    code, _, err = call("catalog", "import", "--items", items, "--prerequisites", edges)
    assert code == 1
    assert "prerequisites, row 2" in err
    assert "a -> b -> a" in err
    code, out, err = call("catalog", "import", "--items", items, "--prerequisites", edges, "--break-cycles", "--json")
    assert json.loads(out)["dropped"] == [{"prerequisite": "b", "skill": "a"}]
    assert "dropped: b -> a" in err
    shown = json.loads(call("catalog", "show", "--json")[1])
    assert shown["prerequisites"] == [{"prerequisite": "a", "skill": "b"}, {"prerequisite": "b", "skill": "c"}]


def test_evaluate_writes_the_figures_of_the_protocol(call: Call, answers: Path, tmp_path: Path) -> None:
    students = sorted(set(pd.read_csv(answers)["student_id"]))
    split = tmp_path / "split.csv"
    pd.DataFrame({"student_id": students, "part": ["test", "train", "train"] * 4}).to_csv(split, index=False)
    code, out, _ = call("evaluate", answers, "--split", split, "--test", "test", "--json", tmp_path / "f.json")
    figures = json.loads((tmp_path / "f.json").read_text())
    assert code == 0
    assert json.loads(out) == figures
    needed = {"auc", "rmse", "log_loss", "accuracy", "ece", "auc_interval", "answers", "students", "fit_seconds"}
    assert needed <= set(figures)
    assert figures["students"] == 4
    assert figures["auc"] > 0.6
    for model in ("mastery", "predictor"):
        code, out, _ = call("evaluate", answers, "--split", split, "--test", "test", "--model", model)
        assert code == 0
        assert json.loads(out)["model"] == model
    code, _, err = call("evaluate", answers, "--split", split, "--test", "nobody")
    assert code == 1
    assert "nobody" in err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("train",), "no response has been recorded yet"),
        (("models", "promote", "7"), "7"),
        (("models", "rollback"), "no version"),
        (("models", "compare", "1"), "no champion"),
    ],
)
def test_what_cannot_be_done_says_why_and_exits_with_1(call: Call, words: tuple[str, ...], says: str) -> None:
    code, _, err = call(*words)
    assert code == 1
    assert says in err
    assert "Traceback" not in err


def test_a_wrong_setting_names_its_variable(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXTWISE_PORT", "many")
    code, _, err = call("catalog", "show")
    assert code == 1
    assert "NEXTWISE_PORT" in err


def test_a_wrong_store_says_what_is_accepted(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXTWISE_STORE", "postgres://here")
    code, _, err = call("catalog", "show")
    assert code == 1
    assert "sqlite:///" in err


@pytest.mark.parametrize("words", [(), ("catalog",), ("models",), ("responses",)])
def test_every_group_has_help(call: Call, words: tuple[str, ...]) -> None:
    code, out, _ = call(*words, "--help")
    assert code == 0
    assert "Commands" in out


def test_asked_wrongly_is_2(call: Call) -> None:
    assert call("no-such-command")[0] == 2
    assert call("catalog", "import")[0] == 2


def test_what_was_exported_is_the_same_when_imported_again(call: Call, tmp_path: Path) -> None:
    """A share of a right answer, fields of the sender's own, odd ids: all survive the way out and back."""
    path, out = tmp_path / "odd.csv", tmp_path / "odd.parquet"
    path.write_text("student_id,item_id,score,answered_at,hints\n001,a;b 🧮,0.3,1735689900.123,2\n1,=x,1,1735689901,\n")
    assert json.loads(call("responses", "import", path, "--json")[1])["recorded"] == 2
    assert json.loads(call("export", out, "--json")[1])["rows"] == 2
    assert set(pd.read_parquet(out)["student_id"]) == {"001", "1"}
    assert json.loads(call("responses", "import", out, "--json")[1])["replayed"] == 2
    assert json.loads(call("export", tmp_path / "notes.csv", "--what", "notes", "--json")[1])["rows"] == 0
