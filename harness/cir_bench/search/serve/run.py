"""The server: a socket, who may ask, and the address to open."""

from __future__ import annotations

import ipaddress
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

from cir_bench.errors import ConfigError
from cir_bench.search.serve.guard import Policy

SHORTEST_TOKEN = 16
AT_ONCE = 128
"""Connections; further ones get a 503."""


@dataclass(frozen=True)
class Address:
    """Where the server listens."""

    host: str = "127.0.0.1"
    port: int = 8765
    token: str | None = None
    """None: one is made up where one is needed."""
    names: Sequence[str] = ()
    """Further names by which it is asked."""

    def policy(self) -> Policy:
        """Who is answered; `ConfigError` for a token that is too short."""
        local = is_loopback(self.host)
        token = self.token if self.token is not None else "" if local else secrets.token_urlsafe(24)
        if (self.token is not None or not local) and len(token) < SHORTEST_TOKEN:
            raise ConfigError(f"--token needs at least {SHORTEST_TOKEN} characters; without it, one is made up.")
        names = {"localhost", *(name.lower() for name in self.names)}
        if not local:
            names |= {self.host.lower(), socket.gethostname().lower()}
        return Policy(frozenset(names), local=local, token=token)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(address: Address) -> socket.socket:
    """A socket; `ConfigError` if the address cannot be used."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listening = socket.socket(family)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address.host, address.port))
        listening.listen(AT_ONCE)
    except (OSError, OverflowError) as error:
        listening.close()
        why = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"{address.host} port {address.port} cannot be used ({why}); choose another with --host or --port."
        ) from error
    return listening


def url_of(listening: socket.socket, token: str) -> str:
    """The address to open."""
    host, port = listening.getsockname()[:2]
    shown = "127.0.0.1" if host == "0.0.0.0" else "::1" if host == "::" else host  # noqa: S104
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/{f'?token={token}' if token else ''}"


class Server(uvicorn.Server):
    """Answers by ``app`` until Ctrl-C or `stop`; ``started`` is called once it does."""

    def __init__(self, app: ASGIApp, started: Callable[[], None]) -> None:
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            limit_concurrency=AT_ONCE,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=5,
            h11_max_incomplete_event_size=2**15,
        )
        super().__init__(config)
        self._announce = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        self._announce()

    def stop(self) -> None:
        """End soon, from any thread."""
        self.should_exit = True
