"""Bodies of requests, in bounded size and time."""

from __future__ import annotations

from typing import TypeVar

from anyio import fail_after
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from cir_bench.records.record import mistakes_of

M = TypeVar("M", bound=BaseModel)
SECONDS = 30.0
"""Longest time that a body may take."""
MOST_JSON = 2**18


async def read_body(request: Request, kinds: frozenset[str], most: int) -> bytes:
    """The body; an HTTP error if it is of another kind, too large or too slow.

    Other sites' pages can send neither JSON nor images without being asked first (CORS), which they never are.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in kinds:
        raise HTTPException(415, f"The Content-Type must be {' or '.join(sorted(kinds))}.")
    too_large = HTTPException(413, f"The request has more than {most:,} bytes.")
    if not request.headers.get("content-length", "0").isdecimal():
        raise HTTPException(400, "The Content-Length is not a number.")
    if int(request.headers.get("content-length", "0")[:20]) > most:
        raise too_large
    body = bytearray()
    try:
        with fail_after(SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > most:
                    raise too_large
    except TimeoutError as error:
        raise HTTPException(408, "The request took too long.") from error
    except ClientDisconnect as error:
        raise HTTPException(400, "The request was not finished.") from error
    return bytes(body)


async def read_model(request: Request, model: type[M]) -> M:
    """The JSON body as a model; an HTTP 400 that names the first mistakes."""
    body = await read_body(request, frozenset({"application/json"}), MOST_JSON)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise HTTPException(400, f"The request is not as described: {mistakes_of(error)}.") from error
