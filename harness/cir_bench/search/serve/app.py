"""The application: the page, the routes of the API, and the guard around them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from cir_bench.errors import CirBenchError
from cir_bench.search.serve.api import Api, refused
from cir_bench.search.serve.feedback import Feedback
from cir_bench.search.serve.guard import Guard, Policy
from cir_bench.search.serve.library import Library, Served
from cir_bench.search.serve.uploads import UploadLimits, Uploads

KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
PAGE = "index.html"


def make_app(
    served: Sequence[Served],
    feedback: Path,
    *,
    policy: Policy | None = None,
    limits: UploadLimits | None = None,
    follow_links: bool = False,
) -> ASGIApp:
    """An ASGI application that searches one or several indexes.

    Args:
        served: the indexes; all are asked the same queries.
        feedback: folder of the triplets that users find right; created by the first one.
        policy: who is answered; by default everybody on this machine.
        limits: of uploads.
        follow_links: as of `cir_bench.search.photos.image_files`.

    Raises:
        ConfigError: there is something else in ``feedback``.
    """
    written = Feedback(feedback)
    written.count()
    uploads = Uploads(limits or UploadLimits())
    api = Api(Library(served, follow_links=follow_links), uploads, written)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        uploads.close()

    app = Starlette(
        routes=[*_page(), *_routes(api)],
        exception_handlers={HTTPException: refused, CirBenchError: refused, Exception: refused},
        lifespan=lifespan,
    )
    return Guard(app, policy or Policy())


def _routes(api: Api) -> list[Route]:
    return [
        Route("/api/info", api.info),
        Route("/api/images", api.images),
        Route("/api/uploads", api.upload, methods=["POST"]),
        Route("/api/search", api.search, methods=["POST"]),
        Route("/api/explain", api.explain, methods=["POST"]),
        Route("/api/feedback", api.feedback, methods=["POST"]),
        Route("/api/openapi.json", api.openapi),
        Route("/thumb/{identity}", api.thumbnail),
        Route("/image/{identity}", api.picture),
    ]


def _page() -> list[Route]:
    """The files of the page, which are read once."""
    routes = []
    for file in (files(__package__) / "static").iterdir():
        kind = KINDS.get(Path(file.name).suffix)
        if kind is not None:
            path = "/" if file.name == PAGE else f"/{file.name}"
            routes.append(Route(path, _static(file.read_bytes(), kind)))
    return routes


def _static(content: bytes, kind: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return Response(content, media_type=kind)

    return answer
