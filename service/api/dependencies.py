"""What routes are given: made once in the lifespan, handed out here.

These are coroutines though they wait for nothing: FastAPI runs a plain function in a thread, at each request.
"""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import Depends, Request

from service.errors import Unavailable
from service.settings import Settings
from service.tutor import Tutor


async def get_tutor(request: Request) -> Tutor:
    """The application service of this process."""
    return tutor_of(request.app.state)


def tutor_of(state: Any) -> Tutor:
    """Raises :class:`Unavailable` where the store has not answered yet since the process started."""
    tutor: Tutor | None = state.tutor
    if tutor is None:
        raise Unavailable("The store does not answer.")
    return tutor


async def get_settings(request: Request) -> Settings:
    return cast(Settings, request.app.state.settings)


TutorDep = Annotated[Tutor, Depends(get_tutor)]
SettingsDep = Annotated[Settings, Depends(get_settings)]
