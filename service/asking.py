"""What a caller may ask for when asking what comes next."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any

from engine.recommend import ANYTHING, Mode, Wish

WISHES = {field.name: field.default for field in fields(Wish)}
"""What may be wished, by name, and what it is where nothing was wished."""


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: how many items, on which skills only, which items never (by id), and what else was wished.

    ``estimates`` is what teachers said of skills: (skill, share, answers, ms), folded in beside the answers.
    """

    n: int = 1
    skills: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    wish: Wish = ANYTHING
    estimates: tuple[tuple[str, float, float, int], ...] = ()

    @classmethod
    def of(cls, **told: Any) -> Question:
        """The question that was told so (:attr:`told`); what is left out is as always."""
        wished = {name: told.pop(name) for name in WISHES if name in told}
        wish = Wish(**wished | {"mode": Mode(wished.get("mode", Mode.LEARN))})
        return cls(**told, wish=ANYTHING if wish == ANYTHING else wish)

    @property
    def told(self) -> dict[str, Any]:
        """As the log has it, all in one: what is as always is left out."""
        found: dict[str, Any] = {"n": self.n}
        if self is ONE:
            return found
        found |= {name: names for name, names in (("skills", self.skills), ("exclude", self.exclude)) if names}
        wished = {name: getattr(self.wish, name) for name in WISHES}
        found |= {name: value for name, value in wished.items() if value != WISHES[name]}
        return found | {"estimates": self.estimates} if self.estimates else found

    @property
    def plain(self) -> bool:
        """Whether nothing was asked for but how many items, on which skills, without which items."""
        return self.wish is ANYTHING and not self.estimates

    @property
    def named(self) -> Collection[str]:
        """Every skill that it names."""
        return (*self.skills, *self.wish.targets, *self.wish.never, *self.wish.order)

    @property
    def reads_history(self) -> bool:
        """Whether the whole history is needed to answer it."""
        return bool(self.estimates) or self.wish.repeats is not None or self.wish.spacing is not None


ONE = Question()
