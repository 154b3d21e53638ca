"""The leader's overview, as the template needs it. Pure: figures in, words and numbers out."""

from __future__ import annotations

from dataclasses import dataclass

from service.language import _, ngettext, number
from service.overview import LEAST, Figures, Overview
from service.reports.facts import Context
from service.reports.words import change, readable


@dataclass(frozen=True, slots=True)
class OverviewRow:
    """``cells`` are empty where the figures are not shown."""

    title: str
    is_school: bool
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OverviewPage:
    headline: str
    rows: tuple[OverviewRow, ...]
    too_small: str
    context: Context


def overview_page(view: Overview, context: Context) -> OverviewPage:
    """Every line; a school without a name (there is no roster) is told as all classes together."""
    rows = []
    for line in view.lines:
        title = line.title or _("All classes")
        rows.append(OverviewRow(readable(title), line.level == "school", _cells(line.figures) if line.figures else ()))
    return OverviewPage(_headline(view), tuple(rows), _too_small(), context)


def _cells(f: Figures) -> tuple[str, ...]:
    counts = (f.students, f.missing, f.active, f.answers, f.judged, f.mastered)
    return *map(number, counts), change(f.growth, f.growth_low, f.growth_high)


def _too_small() -> str:
    return _("not shown: fewer than %(least)s students, or it would tell of so few", least=LEAST)


def _headline(view: Overview) -> str:
    classes = sum(line.level == "class" for line in view.lines)
    if not classes:
        return _("No class has been seen yet.")
    if not view.suppressed:
        return ngettext("%(num)s class.", "%(num)s classes.", classes)
    return ngettext(
        "%(num)s class; %(hidden)s not shown.",
        "%(num)s classes; %(hidden)s not shown.",
        classes,
        hidden=view.suppressed,
    )
