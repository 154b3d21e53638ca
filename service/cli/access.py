"""``nextwise access``: links for people and keys for programs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from service.access.viewer import Role
from service.cli.common import Json, opened, result, run, say, settings

if TYPE_CHECKING:
    from service.settings import Settings

DAYS, KEY_DAYS = 30, 365


def add_to(app: typer.Typer) -> None:
    app.command()(access)


def access(
    role: Annotated[Role, typer.Option(help="Who it is for.")],
    id: Annotated[
        str, typer.Option(help="The teacher's or student's id, as in the roster; else a word for whom you gave it to.")
    ] = "",
    days: Annotated[
        int | None, typer.Option(min=1, max=3660, help=f"Days that it holds. Default: {DAYS}; {KEY_DAYS} for a key.")
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

    if role in {Role.TEACHER, Role.STUDENT} and not id:
        raise typer.BadParameter(f"whose link is it? Give the {role}'s id", param_hint="--id")
    if id and (wrong := id_fault(id)):
        raise typer.BadParameter(wrong, param_hint="--id")
    config = settings()
    expires = int(time.time()) + 86_400 * (days or (KEY_DAYS if role is Role.LMS else DAYS))
    token = Tokens(config.resolve_salt()).make("key" if role is Role.LMS else "link", Viewer(role, id), expires)
    address = (url or f"http://localhost:{config.port}").rstrip("/")
    text = token if role is Role.LMS else f"{address}/reports/enter?token={token}"
    if config.access == "open":
        say("note: NEXTWISE_ACCESS is open, so that nobody needs this. Set it to links where real students are.")
    run(_advise(config, role, id))
    told = {"role": role.value, "id": id, "expires": time.strftime("%Y-%m-%d", time.gmtime(expires))}
    result(told | {"key" if role is Role.LMS else "link": text}, as_json, text)


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
