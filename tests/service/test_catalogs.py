"""Catalogs from CSV and JSON: what is read, and how every fault is named."""

from __future__ import annotations

import orjson
import pytest

from engine.catalog import CatalogError, Item, Prerequisite, Skill, from_json, retire_missing, to_json
from service.catalogs import parse_json, parse_tables
from tests.service.made import ODD_SKILL, catalog

ITEMS = "item_id,skill_ids,title\ni1,a,First\ni2,a;b,\n"


def told(error: pytest.ExceptionInfo[CatalogError]) -> list[str]:
    return list(map(str, error.value.faults))


def test_tables() -> None:
    read, dropped = parse_tables(ITEMS, "skill_id,title\na,Adding\nb,\n", "prerequisite,skill\na,b\n")
    assert read.items == (Item("i1", ("a",), "First"), Item("i2", ("a", "b")))
    assert read.skills == (Skill("a", "Adding"), Skill("b"))
    assert read.prerequisites == (Prerequisite("a", "b"),)
    assert dropped == []


@pytest.mark.parametrize(
    "same",
    [
        "\ufeff" + ITEMS,
        ITEMS.encode("utf-8-sig"),
        ITEMS.replace("\n", "\r\n"),
        "\n" + ITEMS + "\n\n",
        'item_id;skill_ids;title\ni1;a;First\ni2;"a;b";\n',
        "title\titem_id\tskill_ids\nFirst\ti1\t a \n\ti2\ta; b\n",
        "item_id,skill_ids,title,retired,ignored\ni1,a,First,false,x\ni2,a;b,,0,\n",
    ],
)
def test_forms_of_the_same_table(same: str | bytes) -> None:
    assert parse_tables(same)[0] == parse_tables(ITEMS)[0]


def test_any_name_may_be_an_id() -> None:
    read, _ = parse_tables(f'item_id,skill_ids\n"a,b 😀","{ODD_SKILL}"\n')
    assert read.items == (Item("a,b 😀", (ODD_SKILL,)),)


def test_columns_are_mapped() -> None:
    read, _ = parse_tables("name,topic,live\ni1,geometry,True\n", columns={"item_id": "name", "skill_ids": "topic"})
    assert read.items == (Item("i1", ("geometry",)),)


def test_one_column_may_be_both_item_and_skill() -> None:
    read, _ = parse_tables("name\ni1\n", columns={"item_id": "name", "skill_ids": "name"})
    assert read.items == (Item("i1", ("i1",)),)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", "items: is empty: not even a header"),
        ("item_id,skill_ids\n", "items: is empty: there is no row below the header"),
        ("item_id,x\ni1,a\n", "items: lacks the column 'skill_ids'; found: 'item_id', 'x'"),
        ("item_id,skill_ids\ni1,a\ni1,a\n", "items, row 2: 'i1' stands in row 1 already"),
        ("item_id,skill_ids\ni1,\n", "items, row 1: item 'i1' has no skill"),
        ("item_id,skill_ids\n,a\n", "items, row 1: item_id is empty"),
        ("item_id,skill_ids\ni\x01,a\n", "items, row 1: item_id holds the control character '\\x01'"),
        (f"item_id,skill_ids\n{'x' * 10_000},a\n", "items, row 1: item_id has 10000 characters"),
        ("item_id,skill_ids,retired\ni1,a,maybe\n", "items, row 1: retired must be true or false, not 'maybe'"),
        ("item_id,skill_ids\ni1,a,b\n", "items, row 1: has 3 cells, and the header 2"),
        ("item_id,skill_ids\ni1\n", "items, row 1: has 1 cells, and the header 2"),
        ("item_id,skill_ids\ni1,a\n".encode("utf-16"), "items: is not UTF-8"),
        ('item_id,skill_ids\ni1,"' + "x" * 200_000 + '"\n', "items: cannot be read as CSV"),
    ],
)
def test_faults_of_a_table_are_named(table: str | bytes, message: str) -> None:
    with pytest.raises(CatalogError) as error:
        parse_tables(table)
    assert any(one.startswith(message) for one in told(error))


def test_one_fault_is_told_once() -> None:
    with pytest.raises(CatalogError) as error:
        parse_tables("item_id,skill_ids\n,a\n,a\n")
    assert told(error) == ["items, row 1: item_id is empty", "items, row 2: item_id is empty"]


def test_all_faults_are_told_together() -> None:
    with pytest.raises(CatalogError) as error:
        parse_tables("item_id,skill_ids\n,a\ni2,unknown\n", "skill_id\na\n", "prerequisite,skill\na,nowhere\n")
    assert told(error) == [
        "items, row 1: item_id is empty",
        "items, row 2: item 'i2' names the unknown skill 'unknown'",
        "prerequisites, row 1: names the unknown skill 'nowhere'",
    ]


def test_a_mapped_column_that_is_not_there_is_named() -> None:
    with pytest.raises(CatalogError, match="has no column 'nmae' for item_id; found: 'name'"):
        parse_tables("name\ni1\n", columns={"item_id": "nmae", "skill_ids": "name"})


def test_a_cycle_is_named_and_can_be_broken() -> None:
    edges = "prerequisite,exercise\na,b\nb,a\n"
    with pytest.raises(CatalogError, match="prerequisites, row 2: closes a cycle: a -> b -> a") as error:
        parse_tables(ITEMS, prerequisites=edges)
    assert error.value.cycles == (("a", "b", "a"),)
    read, dropped = parse_tables(ITEMS, prerequisites=edges, break_cycles=True)
    assert dropped == [Prerequisite("b", "a")]
    assert read.prerequisites == (Prerequisite("a", "b"),)


def test_tables_that_are_not_given_are_kept() -> None:
    current = catalog()
    read, _ = parse_tables(prerequisites="prerequisite,skill\n", current=current)
    assert (read.items, read.skills, read.prerequisites) == (current.items, current.skills, ())


def test_a_fault_in_a_kept_table_says_so() -> None:
    with pytest.raises(CatalogError, match=r"unknown skill 'carrying' \(this table was not given"):
        parse_tables("item_id,skill_ids\ni1,adding\n", "skill_id\nadding\n", current=catalog())


def test_items_may_bring_new_skills_where_no_skills_table_was_ever_given() -> None:
    current, _ = parse_tables(ITEMS, prerequisites="prerequisite,skill\na,b\n")
    read, _ = parse_tables("item_id,skill_ids\ni1,c\n", current=current)
    assert read.skills == (Skill("c"), Skill("a"), Skill("b"))


def test_items_may_not_bring_new_skills_past_a_skills_table() -> None:
    with pytest.raises(CatalogError, match="unknown skill 'c'"):
        parse_tables("item_id,skill_ids\ni1,c\n", current=catalog())


def test_json_reads_what_was_written() -> None:
    assert parse_json(to_json(catalog()))[0] == catalog()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "catalog: is not JSON"),
        ("[]", "catalog: must be an object"),
        ("{}", "catalog: must be an object"),
        ('{"item": [], "items": []}', "item: is not a table of the catalog"),
        ('{"items": {}}', "items: must be a list of objects"),
        ('{"items": []}', "items: is empty"),
        ('{"items": [3]}', "items, row 1: is not an object"),
        ('{"items": [{"id": "i", "skill_ids": ["a"], "tilte": ""}]}', "items, row 1: has the unknown field 'tilte'"),
        ('{"items": [{"id": "i", "skill_ids": {"a": 1}}]}', "items, row 1: skill_ids must be a list of names"),
        ('{"items": [{"id": "i", "skill_ids": [1]}]}', "items, row 1: skill_ids is not text but 1"),
        ('{"items": [{"id": 3, "skill_ids": ["a"]}]}', "items, row 1: item_id is not text but 3"),
        ('{"items": [{"id": "i", "skill_ids": ["a"], "title": 3}]}', "items, row 1: title is not text"),
    ],
)
def test_faults_of_json_are_named(text: str, message: str) -> None:
    with pytest.raises(CatalogError) as error:
        parse_json(text)
    assert any(one.startswith(message) for one in told(error))


# ------------------------------------------------------------------------------------------- when a skill is mastered


OWN = "skill_id,title,mastered_at\na,Adding,0.9\nb,,\n"
BOUNDS = "mastered_at must lie between 0 and 1, such as 0.8, not"


def test_a_skill_may_have_a_threshold_of_its_own() -> None:
    read, _ = parse_tables(ITEMS, OWN)
    assert read.skills == (Skill("a", "Adding", 0.9), Skill("b"))
    assert read.skills[1].mastered_at is None
    elsewhere, _ = parse_tables(ITEMS, "id,mark\na,.9\nb,\n", columns={"skill_id": "id", "mastered_at": "mark"})
    assert [skill.mastered_at for skill in elsewhere.skills] == [0.9, None]


@pytest.mark.parametrize(("given", "read"), [("0.9", 0.9), ('"0.9"', 0.9), ("null", None), ('""', None), (None, None)])
def test_a_threshold_in_json(given: str | None, read: float | None) -> None:
    own = "" if given is None else f', "mastered_at": {given}'
    catalog, _ = parse_json(f'{{"items": [{{"id": "i", "skill_ids": ["a"]}}], "skills": [{{"id": "a"{own}}}]}}')
    assert catalog.skills == (Skill("a", "", read),)


@pytest.mark.parametrize("given", ["0", "1", "95", "-0.1", "nan", "inf", "high", '"0,8"', "80 %", "x" * 1000])
def test_a_threshold_that_is_no_share_is_named_with_its_row(given: str) -> None:
    with pytest.raises(CatalogError) as error:
        parse_tables(ITEMS, f"skill_id,mastered_at\na,0.8\nb,{given}\n")
    (one,) = told(error)
    assert one == f"skills, row 2: {BOUNDS} {given.strip(chr(34))[:50]!r}"


@pytest.mark.parametrize("given", ["0", "1", "95", "true", "false", "[0.8]", "{}", '"high"', '" "'])
def test_a_threshold_in_json_that_is_no_share_is_named_with_its_row(given: str) -> None:
    with pytest.raises(CatalogError) as error:
        parse_json(
            f'{{"items": [{{"id": "i", "skill_ids": ["a"]}}], "skills": [{{"id": "a", "mastered_at": {given}}}]}}'
        )
    (one,) = told(error)
    assert one.startswith(f"skills, row 1: {BOUNDS} ")


def test_thresholds_are_kept_where_no_skills_are_given_and_replaced_where_they_are() -> None:
    current, _ = parse_tables(ITEMS, OWN)
    read, _ = parse_tables("item_id,skill_ids\ni3,b\n", current=current)
    assert read.skills == current.skills
    assert parse_json('{"prerequisites": []}', current=current)[0].skills == current.skills
    assert parse_tables(None, "skill_id\na\nb\n", current=current)[0].skills == (Skill("a"), Skill("b"))


def test_a_table_of_thresholds_alone_is_a_table_that_the_school_has() -> None:
    current, _ = parse_tables(ITEMS, "skill_id,mastered_at\na,0.9\nb,\n")
    with pytest.raises(CatalogError, match="unknown skill 'c'"):
        parse_tables("item_id,skill_ids\ni1,c\n", current=current)


def test_a_skill_that_a_new_catalog_lacks_keeps_its_threshold() -> None:
    old, _ = parse_tables(ITEMS, "skill_id,mastered_at\na,0.9\nb,0.7\n")
    new, _ = parse_tables("item_id,skill_ids\ni9,a\n", "skill_id,mastered_at\na,0.6\n")
    assert retire_missing(new, old).skills == (Skill("a", "", 0.6), Skill("b", "", 0.7))


def test_a_catalog_without_thresholds_is_written_as_it_always_was() -> None:
    """Byte for byte: its version is a digest of them, and every snapshot is of a version."""
    read, _ = parse_tables("item_id,skill_ids\ni,a;b\n", "skill_id,title\na,A\nb,\n", "prerequisite,skill\na,b\n")
    assert to_json(read) == (
        '{"skills":[{"id":"a","title":"A"},{"id":"b","title":""}],'
        '"items":[{"id":"i","skill_ids":["a","b"],"title":"","retired":false}],'
        '"prerequisites":[{"prerequisite":"a","skill":"b"}]}'
    )
    assert read.version == "5a1f516611bd"
    assert catalog().version == "7556b6fc354b"  # of the catalog that the service's tests share


def test_thresholds_are_written_and_read_and_move_the_version() -> None:
    plain, _ = parse_tables(ITEMS, "skill_id,title\na,Adding\nb,\n")
    own, _ = parse_tables(ITEMS, OWN)
    assert orjson.loads(to_json(own))["skills"] == [
        {"id": "a", "title": "Adding", "mastered_at": 0.9},
        {"id": "b", "title": ""},
    ]
    assert parse_json(to_json(own))[0] == from_json(to_json(own)) == own
    assert len({plain.version, own.version}) == 2


def test_a_skill_may_belong_to_an_area() -> None:
    table = "skill_id,title,area\na,Adding, Number \nb,,\n"
    read, _ = parse_tables(ITEMS, table)
    assert [skill.area for skill in read.skills] == ["Number", ""]
    assert parse_json(to_json(read))[0] == from_json(to_json(read)) == read
    assert orjson.loads(to_json(read))["skills"] == [
        {"id": "a", "title": "Adding", "area": "Number"},
        {"id": "b", "title": ""},
    ]
    assert read.version != parse_tables(ITEMS, "skill_id,title\na,Adding\nb,\n")[0].version
    kept, _ = parse_tables("item_id,skill_ids\ni9,a\n", current=parse_tables(ITEMS, "skill_id,area\na,Number\nb,\n")[0])
    assert kept.skills[0].area == "Number"


@pytest.mark.parametrize("given", ["7", '["Number"]', '"' + "x" * 1001 + '"'])
def test_an_area_that_is_no_text_is_refused_by_row(given: str) -> None:
    with pytest.raises(CatalogError, match="skills, row 1: area is not text of at most 1000 characters"):
        parse_json(f'{{"items": [{{"id": "i", "skill_ids": ["a"]}}], "skills": [{{"id": "a", "area": {given}}}]}}')
