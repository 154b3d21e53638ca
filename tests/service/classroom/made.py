"""Classes whose students' standing is known beforehand: under the untrained model, by what they answered."""

from __future__ import annotations

from collections.abc import Mapping

from engine.catalog import Catalog, Item, Prerequisite, Skill, build
from engine.mastery import DAY_MS, Thresholds
from engine.model import builtin
from engine.responses import Response, pack, unpack
from engine.tracing import bind
from service.classroom.dossier import Dossier
from service.classroom.pupil import Pupil
from service.serving import Serving

NOW = 1_800_000_000_000 // DAY_MS * DAY_MS + DAY_MS // 2  # noon
CATALOG: Catalog = build(
    [
        Skill("count", "Counting"),
        Skill("add", "Adding"),
        Skill("carry", "Carrying"),
        Skill("maps", "Maps", area="World"),
    ],
    [Item(f"{skill}-{n}", (skill,)) for skill in ("count", "add", "carry", "maps") for n in range(3)],
    [Prerequisite("count", "add"), Prerequisite("add", "carry")],
)[0]

Answers = Mapping[str, tuple[tuple[str, str, float], ...]]  # by student: (item, verdicts, days ago)


def dossier(students: Answers, now: int = NOW) -> Dossier:
    """One answer a sign: ``+`` right, ``-`` wrong; a minute apart."""
    serving = Serving(bind(builtin(), CATALOG))
    pupils = []
    for name, runs in students.items():
        packed = [
            pack(Response(f"{item}/{days}/{n}", name, item, float(sign == "+"), int(now - days * DAY_MS) + n * 60_000))
            for item, verdicts, days in runs
            for n, sign in enumerate(verdicts)
        ]
        history = unpack(b"".join(packed))
        pupils.append(Pupil(name, name.title(), history, serving.tracer, now, Thresholds()))
    return Dossier("4a", "Maths 4a", tuple(pupils), serving, now)
