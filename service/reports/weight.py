"""Pages go out compressed: a class of thirty is a tenth of the bytes."""

from __future__ import annotations

import asyncio
import gzip

from fastapi import Request, Response

LEAST = 1_000  # bytes: what is smaller fits one packet as it is
LEVEL = 5


async def compressed(request: Request, answer: Response) -> Response:
    """The answer with its body in gzip, where the browser takes that."""
    answer.headers.add_vary_header("Accept-Encoding")
    if len(answer.body) < LEAST or not takes_gzip(request.headers.get("accept-encoding", "")):
        return answer
    answer.body = await asyncio.to_thread(gzip.compress, bytes(answer.body), LEVEL, mtime=0)
    answer.headers["Content-Encoding"] = "gzip"
    answer.headers["Content-Length"] = str(len(answer.body))
    return answer


def takes_gzip(accepted: str) -> bool:
    """Whether an ``Accept-Encoding`` header names gzip and does not rule it out.

    >>> takes_gzip("br, gzip"), takes_gzip("gzip;q=0"), takes_gzip("")
    (True, False, False)
    """
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
