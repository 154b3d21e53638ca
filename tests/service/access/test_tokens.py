"""Links, sessions and keys: what cannot be made, changed or used for something else."""

from __future__ import annotations

import pytest

from service.access import Role, Token, Tokens, Viewer
from service.errors import NotSignedIn

SECRET = b"a secret of sixteen and more"
SMITH = Viewer(Role.TEACHER, "smith/ö")
NOW = 1_800_000_000
TOKENS = Tokens(SECRET)


@pytest.mark.parametrize("purpose", ["link", "session"])
def test_a_token_says_who_and_until_when(purpose: str) -> None:
    token = TOKENS.make(purpose, SMITH, NOW + 10, "named")  # type: ignore[arg-type]
    assert Tokens(SECRET).read(purpose, token, NOW) == Token(SMITH, NOW + 10, "named")  # type: ignore[arg-type]
    assert set(token) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


def test_a_token_has_a_name_of_its_own() -> None:
    one, other = (TOKENS.read("link", TOKENS.make("link", SMITH, NOW), 0).id for _ in range(2))
    assert one != other
    assert one.isalnum()


def test_a_token_expires() -> None:
    token = TOKENS.make("link", SMITH, NOW)
    assert TOKENS.read("link", token, NOW - 1)
    with pytest.raises(NotSignedIn, match="has expired"):
        TOKENS.read("link", token, NOW)


def test_every_changed_sign_is_noticed() -> None:
    token = TOKENS.make("link", SMITH, NOW)
    for at in range(len(token)):
        other = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        if at == len(token) - 1:
            continue  # the last sign of base64 holds bits that say nothing
        with pytest.raises(NotSignedIn, match="not made by this installation"):
            TOKENS.read("link", other, NOW - 1)


@pytest.mark.parametrize("token", ["", ".", "x", "a.b", "W10.x", "é", "a" * 10_000])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(NotSignedIn):
        TOKENS.read("link", token, NOW)


def test_another_installations_token_is_refused() -> None:
    with pytest.raises(NotSignedIn, match="not made by this installation"):
        TOKENS.read("link", Tokens(b"another secret of theirs").make("link", SMITH, NOW + 10), NOW)


@pytest.mark.parametrize("made", ["link", "session", "key"])
@pytest.mark.parametrize("used", ["link", "session", "key"])
def test_a_token_is_good_for_one_purpose(made: str, used: str) -> None:
    who = Viewer(Role.LMS) if made == "key" else SMITH
    token = TOKENS.make(made, who, NOW + 10)  # type: ignore[arg-type]
    if made == used:
        assert TOKENS.read(used, token, NOW)[0] == who  # type: ignore[arg-type]
    else:
        with pytest.raises(NotSignedIn):
            TOKENS.read(used, token, NOW)  # type: ignore[arg-type]


def test_a_key_is_for_programs_and_a_link_for_people() -> None:
    with pytest.raises(NotSignedIn, match="of no use here"):
        TOKENS.read("key", TOKENS.make("key", SMITH, NOW + 10), NOW)
    with pytest.raises(NotSignedIn, match="of no use here"):
        TOKENS.read("link", TOKENS.make("link", Viewer(Role.LMS), NOW + 10), NOW)
