"""``nextwise access``: links for people and keys for programs; made here, and taken back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated
from urllib.parse import parse_qs, urlsplit

import typer

from service.access.viewer import Role
from service.cli.common import Json, opened, result, run, say, settings

if TYPE_CHECKING:
    from service.access import Token
    from service.access.tokens import Purpose
    from service.settings import Settings

DAYS, KEY_DAYS = 30, 365
MOST_DAYS = 3660

app = typer.Typer(invoke_without_command=True)


@app.callback()
def access(
    context: typer.Context,
    role: Annotated[Role | None, typer.Option(help="Who it is for.")] = None,
    id: Annotated[
        str, typer.Option(help="The teacher's or student's id, as in the roster; else a word for whom you gave it to.")
    ] = "",
    days: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_DAYS, help=f"Days that it holds. Default: {DAYS}; {KEY_DAYS} for a key."),
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Where people reach the service. Default: this machine, NEXTWISE_PORT.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print a link that signs someone in, or with --role lms a key for a program (Authorization: Bearer ...).

    A teacher sees the classes that the roster gives them, a student their own page, a leader figures without names,
    an admin everything. Whoever holds the link is let in: send it as you would send a password.
    """
    from service.access import Tokens, Viewer
    from service.ids import id_fault

    if context.invoked_subcommand is not None:
        return
    if role is None:
        raise typer.BadParameter(f"who is it for? One of {', '.join(Role)}", param_hint="--role")
    if role in {Role.TEACHER, Role.STUDENT} and not id:
        raise typer.BadParameter(f"whose link is it? Give the {role}'s id", param_hint="--id")
    if id and (wrong := id_fault(id)):
        raise typer.BadParameter(wrong, param_hint="--id")
    config = settings()
    expires = int(time.time()) + 86_400 * (days or (KEY_DAYS if role is Role.LMS else DAYS))
    tokens = Tokens(config.resolve_salt())
    purpose: Purpose = "key" if role is Role.LMS else "link"
    token = tokens.make(purpose, Viewer(role, id), expires)
    name = tokens.read(purpose, token, 0).id
    address = (url or f"http://localhost:{config.port}").rstrip("/")
    text = token if role is Role.LMS else f"{address}/reports/enter?token={token}"
    if config.access == "open":
        say("note: NEXTWISE_ACCESS is open, so that nobody needs this. Set it to links where real students are.")
    run(_advise(config, role, id))
    say(f"To take it back: nextwise access revoke {name}")
    told = {"role": role.value, "id": id, "expires": _day(expires), "name": name}
    result(told | {purpose: text}, as_json, text)


@app.command()
def revoke(
    which: Annotated[str, typer.Argument(help="What `nextwise access` named it, or the link or key itself.")],
    as_json: Json = False,
) -> None:
    """Take a link or a key back. It opens nothing a second later, nor does a session that it opened."""
    config, now = settings(), int(time.time())
    token = _read(config, which)
    name, expires = (token.id, token.expires) if token else (which, now + 86_400 * MOST_DAYS)
    if not name.isalnum():
        raise typer.BadParameter("this is neither a link or key of this installation nor the name of one")
    run(_revoke(config, name, expires, now))
    result({"revoked": name}, as_json, f"{name} opens nothing any more.")


def _read(config: Settings, text: str) -> Token | None:
    """The link or key that was given whole; None where it is but a name."""
    from service.access import Tokens
    from service.errors import NotSignedIn

    token = parse_qs(urlsplit(text).query).get("token", [text])[0]
    tokens = Tokens(config.resolve_salt())
    purposes: tuple[Purpose, ...] = ("link", "key")
    for purpose in purposes:
        try:
            return tokens.read(purpose, token, 0)
        except NotSignedIn:
            continue
    return None


async def _revoke(config: Settings, name: str, expires: int, now: int) -> None:
    from service.access import revoked

    async with opened(config) as store:
        await revoked.revoke(store, name, expires, now)


async def _advise(config: Settings, role: Role, id: str) -> None:
    """Say where the link would open an empty page: most often an id is written in another way."""
    from service.roster import Rosters
    from service.runtime import now

    if role is not Role.TEACHER:
        return
    async with opened(config) as store:
        members = await Rosters(store, now).members()
    if members is None:
        say("note: a teacher's classes come from the roster, and none was imported: nextwise roster import")
    elif id not in members.taught:
        say(f"note: the roster gives no class to teacher {id!r} today (nextwise roster show lists the teachers)")


def _day(seconds: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))
