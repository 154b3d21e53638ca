from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from engine.said import said, said_many
from service.language import _, accepted, find, in_template, language, listed, ngettext, number, speaking, translated


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("", []),
        ("es", ["es"]),
        ("en;q=0.3, es-MX ; q=0.9, fr", ["fr", "es-MX", "en"]),
        ("es;q=0, en;q=x, fr;q=0.1", ["fr"]),
        ("*", ["*"]),
        (",;,", []),
    ],
)
def test_what_a_browser_wants_comes_in_its_order(header: str, tags: list[str]) -> None:
    assert [tag for tag in accepted(header) if tag] == tags


@pytest.mark.parametrize(
    ("wanted", "code", "locale"),
    [
        (["es-MX"], "es", "es_MX"),
        (["ES"], "es", "es"),
        (["fr", "es"], "es", "es"),
        (["en-US"], "en", "en_US"),
        (["en"], "en", "en_GB"),
        (["es-419"], "es", "es_419"),
        (["es-XX"], "es", "es"),
        (["*", "", "../etc", "x" * 1000, "es\0"], "en", "en_GB"),
    ],
)
def test_the_first_language_that_there_is_with_its_country(wanted: list[str], code: str, locale: str) -> None:
    found = find(wanted)
    assert (found.code, str(found.locale)) == (code, locale)


def test_sentences_numbers_and_names_as_the_reader_speaks() -> None:
    with speaking(find(["es"], ZoneInfo("America/Lima"))):
        assert _("mastered") == "dominada"
        assert ngettext("%(num)s student", "%(num)s students", 12345) == "12.345 estudiantes"
        assert number(1_234_567) == "1.234.567"
        assert listed(["Ana", "Ben", "Chen"]) == "Ana, Ben y Chen"
        assert str(language().zone) == "America/Lima"
    assert language().code == "en"
    assert _("mastered") == "mastered"


@pytest.mark.parametrize(
    ("last", "told"), [("Inés", "e Inés"), ("Hilario", "e Hilario"), ("Hierro", "y Hierro"), ("Yara", "y Yara")]
)
def test_and_in_spanish(last: str, told: str) -> None:
    with speaking(find(["es"])):
        assert listed(["Ana", last]) == f"Ana {told}"
        assert listed([last]) == last


def test_what_the_engine_said_is_said_again_with_the_same_values() -> None:
    text = said("%(names)s: not started, and what it builds on is known.", names=("Sumas", "Inglés"))
    many = said_many("%(num)d item fits now.", "%(num)d items fit now.", 1200)
    assert (text, many) == ("Sumas and Inglés: not started, and what it builds on is known.", "1200 items fit now.")
    with speaking(find(["es"])):
        assert translated(text) == "Sumas e Inglés: sin empezar, y se sabe aquello en lo que se apoya."
        assert translated(many) == "1.200 ejercicios encajan ahora."
        assert translated("said by somebody else, 100 %") == "said by somebody else, 100 %"
    assert translated(many) == "1,200 items fit now."


def test_values_in_a_template_are_escaped_and_its_tags_are_not() -> None:
    assert in_template("<b>%(name)s</b> 5 %%", name="<i>") == "<b>&lt;i&gt;</b> 5 %"
