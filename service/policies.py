"""Policies as the service takes them: JSON with a name, a version, a rule and the settings that are not as shipped.

    {"name": "gentle", "version": "1", "rule": "served", "settings": {"opening": 0.5, "exploration": 0.1}}

The form is the simulator's (:mod:`engine.policies.policy`), so that a policy is tried there before it is served.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson

from engine.recommend import Policy

RULE = "served"
WIDE = frozenset(
    ["steep", "opening", "soon", "wrong", "rest", "drop", "run", "ease", "shortlist", "spacing", "review_days"]
)
"""Settings that are 0 or more; all others are shares, 0 to 1, and the gate is above 0."""


class PolicyFault(ValueError):
    """A policy that cannot be served; the message has every fault."""


def read(named: str) -> Policy:
    """A policy by the name of one that ships, or by the path of a JSON file. Raises :class:`PolicyFault`."""
    path, known = Path(named), shipped()
    if named in known:
        return known[named]
    if not path.is_file():
        raise PolicyFault(
            f"no policy is called {named!r}, and there is no such file; there are {', '.join(known)}, or name a file"
        )
    return parse(path.read_bytes(), named)


def shipped() -> dict[str, Policy]:
    """Those that come with the service, by name."""
    made = [
        Policy(),
        Policy(name="explore", version="1", exploration=0.2),  # to judge others from its log
        Policy(name="random", version="1", exploration=1.0, worthwhile=0.0),  # any item that is open
    ]
    return {policy.name: policy for policy in made}


def parse(text: bytes, where: str) -> Policy:
    """A policy from its JSON; ``where`` it stands is told with its faults. Raises :class:`PolicyFault`."""
    try:
        raw = orjson.loads(text)
    except orjson.JSONDecodeError as fault:
        raise PolicyFault(f"{where} is not JSON: {fault}") from None
    if faults := list(_faults(raw)):
        raise PolicyFault(f"{where} cannot be served: {'; '.join(faults)}")
    return Policy(name=raw["name"], version=raw["version"], **raw.get("settings", {}))


def to_json(policy: Policy) -> bytes:
    """What :func:`parse` reads: every setting, in the order of their definition."""
    settings = asdict(policy)
    name, version = settings.pop("name"), settings.pop("version")
    return orjson.dumps({"name": name, "version": version, "rule": RULE, "settings": settings})


def digest(policy: Policy) -> str:
    """What names its content: two policies of one name and version may differ, and the log must not mix them."""
    return blake2b(to_json(policy), digest_size=8).hexdigest()


def _faults(raw: Any) -> Iterator[str]:
    if not isinstance(raw, dict):
        yield "a policy is an object with name, version and settings"
        return
    if unknown := sorted(set(raw) - {"name", "version", "rule", "settings"}):
        yield f"it has {', '.join(map(repr, unknown))}; a policy has name, version, rule and settings"
    for field in ("name", "version"):
        value = raw.get(field)
        if not (isinstance(value, str) and value.strip() and "@" not in value):
            yield f"{field} must be a text without @, not {value!r}"
    if raw.get("rule", RULE) != RULE:
        yield f"the rule {raw['rule']!r} is the simulator's; the service has the rule {RULE!r} alone"
    settings = raw.get("settings", {})
    if not isinstance(settings, dict):
        yield f"settings must be an object, not {settings!r}"
        return
    yield from _setting_faults(settings)


def _setting_faults(settings: dict[str, Any]) -> Iterator[str]:
    known = {name: value for name, value in asdict(Policy()).items() if name not in {"name", "version"}}
    for name, value in settings.items():
        if name not in known:
            yield f"there is no setting {name!r}; there are {', '.join(known)}"
        elif not _number(value) or (isinstance(known[name], int) and not isinstance(value, int)):
            yield f"{name} must be a {'whole ' * isinstance(known[name], int)}number, not {value!r}"
        elif value < 0 or (name not in WIDE and value > 1):
            yield f"{name} is {value}; it must be {'0 or more' if name in WIDE else '0 to 1'}"
        elif name == "gate" and value == 0:
            yield "gate is 0; it must be above 0, as P(prerequisites known) is divided by it"
    easiest, hardest = (settings.get(name, known[name]) for name in ("easiest", "hardest"))
    if _number(easiest) and _number(hardest) and easiest < hardest:
        yield f"hardest ({hardest}) is a P(correct) below easiest ({easiest}), not above it"


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
