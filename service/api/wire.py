"""HTTP/1.1 as uvicorn speaks it, but for one thing: an answer leaves in one system call.

uvicorn writes the head of an answer and its body apart. A write of some hundred bytes costs some ten microseconds, and
wakes whoever waits for it: twice for each answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

WIRE = f"{__name__}:Wire"


class Gathered:
    """A transport that writes what it was given in one turn of the loop at once, at the end of that."""

    def __init__(self, transport: asyncio.Transport, call_soon: Callable[..., object]) -> None:
        self._transport, self._call_soon, self._parts = transport, call_soon, list[bytes]()

    def write(self, data: bytes) -> None:
        if not self._parts:
            self._call_soon(self._flush)
        self._parts.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        """All else is the transport's."""
        found = getattr(self._transport, name)
        setattr(self, name, found)
        return found

    def _flush(self) -> None:
        data = b"".join(self._parts)
        self._parts.clear()
        if data and not self._transport.is_closing():  # the caller may have hung up in the meantime
            self._transport.write(data)


class Wire(HttpToolsProtocol):
    """A class for uvicorn's ``http``, by the name :data:`WIRE`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's has it
        super().connection_made(cast("asyncio.Transport", Gathered(transport, self.loop.call_soon)))
