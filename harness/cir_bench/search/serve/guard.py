"""`Guard`: what every request must satisfy before it is answered, and the headers of every answer.

* Its ``Host`` is one of this server, so that no other site's name can lead here (DNS rebinding).
* It comes from this page, or from no page at all: no other site may read, and none may write (CSRF).
* It has the token, where one is needed.
* Its client has not asked too often.
"""

from __future__ import annotations

import hmac
import ipaddress
import math
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cir_bench.search.serve.limits import Rate

COOKIE = "cir-bench-token"
READS = frozenset({"GET", "HEAD"})
PICTURES = ("/thumb/", "/image/")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True)
class Policy:
    """Who is answered."""

    hosts: frozenset[str] = frozenset({"localhost"})
    """Names of this server; addresses need not be listed."""
    local: bool = True
    """Only loopback addresses are names of this server."""
    token: str = ""
    """What every request must have; empty: nothing."""
    requests: Rate = field(default_factory=lambda: Rate(30, 120))
    """Searches, uploads and everything else but pictures."""
    pictures: Rate = field(default_factory=lambda: Rate(300, 1500))


class Guard:
    """An ASGI application around ``app``."""

    def __init__(self, app: ASGIApp, policy: Policy) -> None:
        self._app, self._policy = app, policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse with a JSON object that says why."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        answer = self._answer(Request(scope))
        await (answer or self._app)(scope, receive, with_headers)

    def _answer(self, request: Request) -> Response | None:
        """What is answered without asking the application."""
        policy, path = self._policy, request.url.path
        if not self._is_host(_host(request.headers.get("host", ""))):
            return _refusal(421, "This name is not one of the server; open the address that it printed.")
        if _is_foreign(request):
            return _refusal(403, "Another site may not use this server.")
        rate = policy.pictures if path.startswith(PICTURES) else policy.requests
        wait = rate.wait(request.client.host if request.client else "")
        if wait:
            seconds = str(math.ceil(wait))
            return _refusal(429, "Too many requests; wait a moment.", {"Retry-After": seconds})
        if policy.token:
            given = request.query_params.get("token") if path == "/" else None
            if given is not None and _equal(given, policy.token):
                response = RedirectResponse("/", 303)
                response.set_cookie(COOKIE, policy.token, httponly=True, samesite="strict")
                return response
            if not _equal(_token(request), policy.token):
                return _refusal(401, "A token is needed; open the address that the server printed.")
        return None

    def _is_host(self, name: str) -> bool:
        if name in self._policy.hosts:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or not self._policy.local


def _host(header: str) -> str:
    """The name of a ``Host`` header in small letters without its port; nothing if it is not one."""
    try:
        parts = urlsplit(f"//{header}")
        return "" if parts.username is not None or parts.path else (parts.hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_foreign(request: Request) -> bool:
    """Whether another site's page asks. Opening the page itself from a link is allowed."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
        return True
    opened = request.method in READS and request.headers.get("sec-fetch-mode") == "navigate"
    return site not in {None, "same-origin", "none"} and not (opened and request.url.path == "/")


def _token(request: Request) -> str:
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if kind.lower() == "bearer" else request.cookies.get(COOKIE, "")


def _equal(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), token.encode())


def _refusal(status: int, sentence: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": sentence}, status, headers)
