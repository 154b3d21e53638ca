"""How parameters are learnt, judged and promoted. ``models.BKT`` is the estimator; nothing loads before it is used."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.estimator import BKT

__all__ = ["BKT"]


def __getattr__(name: str) -> Any:
    if name != "BKT":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from models.estimator import BKT

    return BKT
