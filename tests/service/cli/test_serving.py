"""What ``nextwise serve`` says before it serves."""

from __future__ import annotations

import pytest

from service.cli.serving import _warn_of_open
from service.settings import Settings


@pytest.mark.parametrize(
    ("host", "access", "warns"),
    [("127.0.0.1", "open", False), ("0.0.0.0", "open", True), ("0.0.0.0", "links", False), ("::1", "open", False)],
)
def test_a_server_without_sign_in_that_others_can_reach_says_so(
    host: str, access: str, warns: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    _warn_of_open(Settings(host=host, access=access))
    assert ("NEXTWISE_ACCESS=links" in " ".join(capsys.readouterr().err.split())) is warns
