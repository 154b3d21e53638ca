"""What a caller may ask for when asking what comes next."""

from __future__ import annotations

from dataclasses import dataclass, fields
from operator import attrgetter

from engine.recommend import Mode, Wish


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: how many items, and what :class:`engine.recommend.Wish` says of the rest.

    skills, exclude  only items of these skills; never these items
    band       P(correct), from and to; ``by`` in ms
    estimates  what teachers said of skills: (skill, share, answers, ms), folded in beside the answers
    """

    n: int = 1
    skills: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    mode: str = Mode.LEARN.value
    targets: tuple[str, ...] = ()
    by: int | None = None
    left: int | None = None
    never: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    band: tuple[float, float] | None = None
    repeats: int | None = None
    spacing: int | None = None
    pins: tuple[str, ...] = ()
    estimates: tuple[tuple[str, float, float, int], ...] = ()

    @property
    def told(self) -> dict[str, object]:
        """As the log has it: what is as always is left out."""
        if self is ONE:
            return {"n": 1}
        said = {name: getattr(self, name) for name in FIELDS}
        return {name: value for name, value in said.items() if name == "n" or value != FIELDS[name]}

    @property
    def plain(self) -> bool:
        """Whether nothing was asked for but how many items, on which skills, without which items."""
        return bool(_WISHED(self) == _WISHED(ONE))

    @property
    def wish(self) -> Wish:
        """What the engine is asked beside skills and exclusions."""
        return Wish(
            Mode(self.mode),
            self.targets,
            self.by,
            self.left,
            self.never,
            self.items,
            self.order,
            self.band and (self.band[0], self.band[1]),
            self.repeats,
            self.spacing,
            self.pins,
        )

    @property
    def named(self) -> tuple[str, ...]:
        """Every skill that it names."""
        return (*self.skills, *self.targets, *self.never, *self.order)

    @property
    def reads_history(self) -> bool:
        """Whether the whole history is needed to answer it."""
        return bool(self.estimates) or self.repeats is not None or self.spacing is not None


FIELDS = {field.name: field.default for field in fields(Question)}
ONE = Question()
_WISHED = attrgetter(*[name for name in FIELDS if name not in {"n", "skills", "exclude"}])
