"""The full table of decisions: what the log says, what it leaves out, and what came of each, as Parquet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.recommending.choice import Ranking
from engine.recommending.skills import GAIN_ROW, GATE_ROW, GUARD_ROW, OPENS_ROW, WORTH_ROW
from engine.tracing import AnyTracer
from service.archive_files import replace
from service.decisions.log import Logged
from service.decisions.outcomes import AFTER, gain
from service.decisions.replay import Remade, Replayer, Unmade

TOP = 20
BATCH = 2_000

TEXT, REAL, COUNT, MS = pa.string(), pa.float64(), pa.int32(), pa.int64()
PART = pa.struct(
    [("skill_id", TEXT), ("gate", REAL), ("gain", REAL), ("opens", REAL), ("guard", REAL), ("worth", REAL)]
)
SCORED = pa.struct(
    [("item_id", TEXT), ("worth", REAL), ("p_correct", REAL), ("score", REAL), ("skills", pa.list_(PART))]
)
CHANCE = pa.struct([("item_id", TEXT), ("propensity", REAL)])

SCHEMA = pa.schema(
    [
        ("recommendation_id", TEXT),
        ("student_id", TEXT),
        ("at", MS),
        ("slot", COUNT),
        ("item_id", TEXT),
        ("propensity", REAL),
        ("draw", REAL),
        ("policy", TEXT),
        ("policy_digest", TEXT),
        ("model_version", TEXT),
        ("catalog_version", TEXT),
        ("history_length", MS),
        ("exact", pa.bool_()),  # made again, it is the same item with the same propensity, to the bit
        ("fault", TEXT),  # why it could not be made again; then the columns below are null
        ("candidates", COUNT),  # items that could be given, and the digest of those with a propensity
        ("candidates_digest", TEXT),
        ("filtered", pa.map_(TEXT, COUNT)),  # items by what kept them from being given
        ("scores", pa.list_(SCORED)),  # the best 20 of the shortlist
        ("near_ties", pa.list_(CHANCE)),
        ("explored_items", COUNT),  # every one of these that is no near tie has the propensity ``explored_each``
        ("explored_each", REAL),
        ("status", TEXT),  # followed, overridden or open
        ("score", REAL),
        ("answered_at", MS),
        ("instead_item_id", TEXT),  # answered instead
        ("gain", REAL),  # of expected success, summed over skills, some answers later
    ]
)


async def write(replayer: Replayer, logged: Sequence[Logged], path: Path, after: int = AFTER) -> Counter[str]:
    """Make all decisions again and write them; how many were exact, were not, or could not be made again (why).

    The file appears whole or not at all.
    """
    counts: Counter[str] = Counter()
    hidden = path.with_name(f".{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with pq.ParquetWriter(hidden, SCHEMA, compression="zstd") as writer:
            rows: list[dict[str, Any]] = []
            async for one in replayer.replay(logged):
                counts[_word(one)] += 1
                rows.append(row(one, after))
                if len(rows) == BATCH:
                    writer.write_table(pa.Table.from_pylist(rows, SCHEMA))
                    rows.clear()
            writer.write_table(pa.Table.from_pylist(rows, SCHEMA))
        replace(hidden, path)
    finally:
        hidden.unlink(missing_ok=True)
    return counts


def _word(one: Remade | Unmade) -> str:
    if isinstance(one, Unmade):
        return one.why
    return "exact" if one.exact else "another"


def row(one: Remade | Unmade, after: int = AFTER) -> dict[str, Any]:
    """A decision as a row of :data:`SCHEMA`."""
    logged = one.logged
    told: dict[str, Any] = {name: getattr(logged, name) for name in SCHEMA.names if hasattr(logged, name)}
    told |= {"recommendation_id": logged.id, "history_length": logged.length}
    told |= {"draw": logged.draws[-1] if logged.draws else None}
    if isinstance(one, Unmade):
        return told | {"exact": False, "fault": one.why}
    return told | {"exact": one.exact} | _told(one, after)


def _told(one: Remade, after: int) -> dict[str, Any]:
    """What the log leaves out."""
    catalog, made = one.serving.catalog, one.made
    told: dict[str, Any] = {"candidates": one.choice.candidates, "filtered": list(one.choice.filtered.items())}
    ranking = None if made is None else made.ranking
    if ranking is not None:
        told |= _drawn_from(ranking, one.serving.tracer, one.policy.exploration)
    elif made is not None:  # pinned by a teacher
        only = {"item_id": catalog.items[made.item].id, "propensity": made.propensity}
        told |= {"scores": [], "near_ties": [only], "explored_items": 0, "explored_each": 0.0}
    came = one.came
    instead = None if came.instead is None else catalog.key_index.get(came.instead)
    told |= {"status": came.status, "score": came.score, "answered_at": came.answered_at}
    told |= {"instead_item_id": None if instead is None else catalog.items[instead].id}
    told |= {"gain": gain(after)(one.serving.tracer, one.state, one.history, one.logged.length, came)}
    return told


def _drawn_from(ranking: Ranking, tracer: AnyTracer, exploration: float) -> dict[str, Any]:
    catalog, ties = tracer.catalog, set(ranking.items[ranking.ties].tolist())
    items, chances = ranking.distribution(exploration)
    could = {catalog.items[item].id: p for item, p in zip(items.tolist(), chances.tolist(), strict=True)}
    best = np.argsort(-ranking.scores, kind="stable")[:TOP].tolist()
    return {
        "candidates_digest": blake2b("\n".join(sorted(could)).encode(), digest_size=8).hexdigest(),
        "scores": [_scored(ranking, tracer, place) for place in best],
        "near_ties": [
            {"item_id": name, "propensity": p} for name, p in could.items() if catalog.item_index[name] in ties
        ],
        "explored_items": ranking.floor,
        "explored_each": exploration / ranking.floor if ranking.floor else 0.0,
    }


def _scored(ranking: Ranking, tracer: AnyTracer, place: int) -> dict[str, Any]:
    """An item of the shortlist: what it is worth, and the parts of it by skill."""
    item = int(ranking.items[place])
    skills = tracer.skills[tracer.start[item] : tracer.start[item + 1]].tolist()
    parts = {"gate": GATE_ROW, "gain": GAIN_ROW, "opens": OPENS_ROW, "guard": GUARD_ROW, "worth": WORTH_ROW}
    return {
        "item_id": tracer.catalog.items[item].id,
        "worth": float(ranking.worth[place]),
        "p_correct": float(ranking.p[place]),
        "score": float(ranking.scores[place]),
        "skills": [
            {"skill_id": tracer.catalog.skills[k].id} | {name: float(ranking.said[at, k]) for name, at in parts.items()}
            for k in skills
        ],
    }
