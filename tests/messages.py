"""What the pages say, collected from the code: ``python -m tests.messages [new language]`` (``make messages``)."""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_keywords
from babel.messages.pofile import read_po, write_po

from service.language import FOLDER

HOUSE = Path(__file__).parents[1]
METHODS = [("**/templates/**.html", "jinja2"), ("**.py", "python")]
# A template with a fault must be an error, and its sentences be read as they are when it is rendered.
OPTIONS = {METHODS[0][0]: {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}}
KEYWORDS = DEFAULT_KEYWORDS | parse_keywords(["later", "said", "said_many:1,2"])


def extract() -> Catalog:
    """Every sentence that a page can say."""
    found = Catalog(project="nextwise", charset="utf-8")
    for folder in ("engine", "service"):
        for _, _, message, comments, context in extract_from_dir(HOUSE / folder, METHODS, OPTIONS, KEYWORDS):
            found.add(message, auto_comments=comments, context=context)
    return found


def catalogue(path: Path) -> Catalog:
    """A language's sentences, read from its file."""
    with path.open("rb") as file:
        return read_po(file, path.parts[-3])


def catalogues() -> dict[str, Path]:
    """The file of each language."""
    return {path.parts[-3]: path for path in sorted(FOLDER.glob("*/LC_MESSAGES/messages.po"))}


def update(path: Path) -> None:
    """Add what is new and drop what is not said any more. Nothing is guessed from sentences that are alike."""
    made = catalogue(path) if path.exists() else Catalog(path.parts[-3], project="nextwise", charset="utf-8")
    made.fuzzy = False
    made.update(extract(), no_fuzzy_matching=True, update_creation_date=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, made, sort_output=True, ignore_obsolete=True, no_location=True)


if __name__ == "__main__":
    for path in {
        **catalogues(),
        **{code: FOLDER / code / "LC_MESSAGES" / "messages.po" for code in sys.argv[1:]},
    }.values():
        update(path)
