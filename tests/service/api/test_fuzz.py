"""Requests made up from our own OpenAPI document: no answer is a fault of ours, and each is as the document says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import content_type_conformance, not_a_server_error, status_code_conformance
from schemathesis.specs.openapi.checks import response_schema_conformance

from tests.service.api.processes import Server

OPERATIONS = [
    ("POST", "/v1/responses"),
    ("GET", "/v1/students/{student_id}/next"),
    ("GET", "/v1/students/{student_id}/mastery"),
    ("GET", "/v1/students/{student_id}/history"),
    ("GET", "/v1/classes/{class_id}/mastery"),
    ("GET", "/v1/classes/{class_id}/groups"),
    ("POST", "/v1/classes/{class_id}/groups"),
    ("PUT", "/v1/catalog"),
    ("PUT", "/v1/catalog/{table}"),
]
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("fuzz")
    with Server(folder, f"sqlite:///{folder / 'store.db'}") as running:
        yield running


@pytest.fixture(scope="module")
def schema(server: Server) -> Any:
    return schemathesis.openapi.from_url(f"{server.url}/openapi.json")


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_no_request_finds_a_fault(schema: Any, mode: schemathesis.GenerationMode, method: str, path: str) -> None:
    operation = schema[path][method]

    @settings(
        max_examples=40,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def run(data: st.DataObject) -> None:
        case = data.draw(operation.as_strategy(generation_mode=mode))
        case.call_and_validate(checks=CHECKS)

    run()
