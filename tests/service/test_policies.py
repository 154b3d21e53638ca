"""Policies as JSON: what is read, and what is told of one that cannot be served."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from pathlib import Path

import pytest

from engine.recommend import Policy
from service.policies import WIDE, PolicyFault, digest, parse, read, shipped, to_json


def test_what_is_not_said_is_as_shipped() -> None:
    text = b'{"name": "gentle", "version": "1", "rule": "served", "settings": {"opening": 0.5}}'
    assert parse(text, "it") == Policy("gentle", "1", opening=0.5)
    assert parse(b'{"name": "same", "version": "2"}', "it") == Policy("same", "2")


@pytest.mark.parametrize("policy", shipped().values(), ids=lambda policy: policy.name)
def test_a_policy_survives_its_json(policy: Policy) -> None:
    assert parse(to_json(policy), "it") == policy == read(policy.name)


def test_a_digest_names_the_content() -> None:
    assert digest(Policy()) == digest(Policy())
    assert digest(Policy()) != digest(replace(Policy(), near=0.5))


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    path.write_bytes(to_json(Policy("own", "3", exploration=0.5)))
    assert read(str(path)).exploration == 0.5


def test_a_name_that_is_none() -> None:
    with pytest.raises(PolicyFault, match=r"no policy is called 'best'.*there are default, "):
        read("best")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "own.json is not JSON"),
        ("[]", "a policy is an object"),
        ('{"version": "1"}', "name must be a text"),
        ('{"name": "a@b", "version": 1}', "name must be a text without @, not 'a@b'; version must be"),
        ('{"name": "a", "version": "1", "color": 1}', "it has 'color'; a policy has name"),
        ('{"name": "a", "version": "1", "rule": "zpdes"}', "the rule 'zpdes' is the simulator's"),
        ('{"name": "a", "version": "1", "settings": 3}', "settings must be an object"),
        (
            '{"name": "a", "version": "1", "settings": {"nearr": 1}}',
            "there is no setting 'nearr'; there are mastered, ",
        ),
        ('{"name": "a", "version": "1", "settings": {"near": 1.5}}', "near is 1.5; it must be 0 to 1"),
        ('{"name": "a", "version": "1", "settings": {"run": -1}}', "run is -1; it must be 0 or more"),
        ('{"name": "a", "version": "1", "settings": {"run": 2.5}}', "run must be a whole number, not 2.5"),
        ('{"name": "a", "version": "1", "settings": {"near": true}}', "near must be a number, not True"),
        ('{"name": "a", "version": "1", "settings": {"near": "1"}}', "near must be a number, not '1'"),
        ('{"name": "a", "version": "1", "settings": {"gate": 0}}', "gate is 0; it must be above 0"),
        ('{"name": "a", "version": "1", "settings": {"easiest": 0.2}}', "hardest (0.3) is a P(correct) below"),
    ],
)
def test_every_fault_is_told(text: str, told: str) -> None:
    with pytest.raises(PolicyFault) as fault:
        parse(text.encode(), "own.json")
    assert told in str(fault.value)


def test_what_may_exceed_1_are_settings() -> None:
    assert {field.name for field in fields(Policy)} >= WIDE
    assert all(0 <= value <= 1 for name, value in asdict(Policy()).items() if name not in WIDE | {"name", "version"})
