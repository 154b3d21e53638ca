"""Every language says every sentence, with the same values in it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from tests.messages import HOUSE, catalogue, catalogues, extract, update

VALUE = re.compile(r"%\((\w+)\)(\w)|%%")
TAG = re.compile(r"</?\w+|href=\"[^\"]*\"")


@pytest.fixture(scope="module")
def said() -> Catalog:
    return extract()


@pytest.mark.parametrize("code", catalogues())
def test_nothing_is_left_untranslated(said: Catalog, code: str) -> None:
    translated = catalogue(catalogues()[code])
    missing = [message.id for message in said if message.id and not _is_said(translated.get(message.id))]
    assert not missing, "run `make messages`, and translate"
    fuzzy = [message.id for message in translated if message.fuzzy and message.id]
    assert not fuzzy, "look at these, and take the mark 'fuzzy' away"


def test_every_sentence_with_a_value_is_in_the_catalogues(said: Catalog) -> None:
    """Also one that is kept in a table until it is said, where no call tells that it is a sentence."""
    known = {text for message in said for text in _texts(message.id)}
    missing = {
        f"{path.relative_to(HOUSE)}: {text}"
        for folder in ("engine", "service")
        for path in sorted((HOUSE / folder).rglob("*.py"))
        for text in _constants(ast.parse(path.read_text("utf-8")))
        if VALUE.sub("", text) != text and "%(" in text and text not in known
    }
    assert not missing, "say it with said(), _() or ngettext(), or mark it with later()"


@pytest.mark.parametrize("code", catalogues())
def test_nothing_is_translated_that_nobody_says(said: Catalog, code: str) -> None:
    left = [message.id for message in catalogue(catalogues()[code]) if message.id and said.get(message.id) is None]
    assert not left, "run `make messages`"


@pytest.mark.parametrize("code", catalogues())
def test_translations_hold_the_same_values_and_tags(code: str) -> None:
    for message in catalogue(catalogues()[code]):
        originals, translations = _texts(message.id), _texts(message.string)
        for number, text in enumerate(translations if message.id and _is_said(message) else ()):
            original = originals[min(number, len(originals) - 1)]
            assert _values(text) == _values(original), f"{original!r}: {text!r}"
            assert Counter(TAG.findall(text)) == Counter(TAG.findall(original)), f"{original!r}: {text!r}"


def test_a_new_language_starts_with_every_sentence_and_keeps_what_was_translated(tmp_path: Path, said: Catalog) -> None:
    path = tmp_path / "fr" / "LC_MESSAGES" / "messages.po"
    update(path)
    begun = catalogue(path)
    assert len(begun) == len(said)
    assert not any(map(_is_said, _messages(begun)))
    path.write_text(path.read_text("utf-8").replace('msgid "mastered"\nmsgstr ""', 'msgid "mastered"\nmsgstr "acquis"'))
    update(path)
    again = catalogue(path)
    assert [message.string for message in _messages(again) if _is_said(message)] == ["acquis"]


def _constants(tree: ast.Module) -> Iterator[str]:
    """Strings of the code; those that stand alone are docstrings."""
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value


def _messages(catalog: Catalog) -> Iterator[Message]:
    return (message for message in catalog if message.id)


def _is_said(message: Message | None) -> bool:
    return message is not None and bool(message.string) and all(_texts(message.string))


def _texts(given: str | Sequence[str] | None) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given or ())


def _values(text: str) -> set[tuple[str, str]]:
    """Names and kinds; a number may be told by a word (``una``), and a sign stands alone as ``%%``."""
    assert "%" not in VALUE.sub("", text) or "%(" not in text, f"a lone % in {text!r}"
    return {(name, kind) for name, kind in VALUE.findall(text) if name and name != "num"}
