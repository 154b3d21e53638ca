"""The families of simulated students that come with the project."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.worlds.bkt import BKT
from engine.worlds.forgetting import Forgetting
from engine.worlds.pfa import PFA
from engine.worlds.students import Students
from engine.worlds.wheel_spinning import WheelSpinning
from engine.worlds.world import World

Family = Callable[[World, int, np.random.Generator], Students]

FAMILIES: dict[str, Family] = {
    "bkt": BKT,
    "pfa": PFA,
    "forgetting": Forgetting,
    "wheel-spinning": WheelSpinning,
}
