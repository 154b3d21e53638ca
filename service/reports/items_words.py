"""What looks odd about an item, in sentences with their evidence."""

from __future__ import annotations

from engine.item_analysis import ENOUGH, Flag, ItemFacts
from service.language import _, later, ngettext

NAMES = {
    Flag.WORSE: ("⚑", later("answered worse by those who know")),
    Flag.MISSED: ("⚑", later("missed by those who know")),
    Flag.ALL_WRONG: ("⚐", later("everybody wrong")),
    Flag.ALL_RIGHT: ("⚐", later("everybody right")),
    Flag.TOO_FEW: ("?", later("too few answers")),
}


def flag_name(flag: Flag) -> str:
    symbol, name = NAMES[flag]
    return f"{symbol} {_(name)}"


def flag_evidence(flag: Flag, facts: ItemFacts) -> str:
    """Empty where it must not be told."""
    if facts.knowing is None or facts.knowing_expected is None:
        return ""
    if flag is Flag.WORSE:
        return _(
            "Of %(knowing)s who knew the skill, %(right)s were right; of the %(others)s others, %(others_right)s. Is "
            "the key wrong, or does the question mislead?",
            knowing=facts.knowing,
            right=facts.knowing_right,
            others=facts.students - facts.knowing,
            others_right=facts.others_right,
        )
    if flag is Flag.MISSED:
        return _(
            "Of %(knowing)s who knew the skill, %(right)s were right, where about %(expected)s were to be expected. Is "
            "the key wrong, or does the item ask for something else?",
            knowing=facts.knowing,
            right=facts.knowing_right,
            expected=round(facts.knowing_expected),
        )
    if flag is Flag.ALL_RIGHT:
        return _("All %(n)s were right: it tells nobody from anybody.", n=facts.students)
    if flag is Flag.ALL_WRONG:
        return _("All %(n)s were wrong: is the key wrong, or was it not taught yet?", n=facts.students)
    return ngettext(
        "%(num)s student has answered it; nothing is said of an item before %(enough)s.",
        "%(num)s students have answered it; nothing is said of an item before %(enough)s.",
        facts.students,
        enough=ENOUGH,
    )
