"""The answers: searches, uploads, pictures and feedback."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from cir_bench.errors import CirBenchError, DataError
from cir_bench.search.sentence import text_note
from cir_bench.search.serve import models
from cir_bench.search.serve.body import read_body, read_model
from cir_bench.search.serve.explain import answered
from cir_bench.search.serve.feedback import Feedback, Judgement
from cir_bench.search.serve.library import Library, Served
from cir_bench.search.serve.limits import Workers
from cir_bench.search.serve.openapi import description
from cir_bench.search.serve.thumbnails import LARGE, SMALL, Thumbnails
from cir_bench.search.serve.uploads import UploadError, Uploads
from cir_bench.version import __version__

IMAGE_KINDS = frozenset({"image/jpeg", "image/png", "image/webp"})
MOST_LISTED = 500
_LOG = logging.getLogger(__name__)


class Api:
    """Answers requests about some indexes."""

    def __init__(self, library: Library, uploads: Uploads, feedback: Feedback) -> None:
        self._library, self._uploads, self._feedback = library, uploads, feedback
        self._thumbnails = Thumbnails()
        self._searches = Workers(at_once=len(library.served), waiting=32)
        self._files = Workers(at_once=4, waiting=256)

    async def info(self, request: Request) -> Response:
        """``GET /api/info``."""
        indexes = [
            models.IndexAnswer(
                label=one.label,
                method=one.engine.record.cell.method,
                encoder=one.engine.record.cell.encoder,
                benchmark=f"{one.engine.record.cell.benchmark}/{one.engine.record.cell.protocol}",
                images=len(one.gallery.names),
                reads=text_note(one.engine.cell),
                explains=one.engine.explains,
                approximate=one.approximate,
            )
            for one in self._library.served
        ]
        triplets = await self._files.run(self._feedback.count)
        most = self._uploads.limits.most_bytes
        return _json(models.InfoAnswer(version=__version__, indexes=indexes, most_bytes=most, triplets=triplets))

    async def images(self, request: Request) -> Response:
        """``GET /api/images?start=0&count=60&words=``."""
        start, count = _number(request, "start", 0, 2**53), _number(request, "count", 60, MOST_LISTED)
        words = request.query_params.get("words", "")[: models.MOST_CHARACTERS]
        photos, total = await self._files.run(self._library.page, start, count, words)
        images = [models.ImageAnswer(id=one.id, name=one.name) for one in photos]
        return _json(models.ImagesAnswer(images=images, total=total))

    async def upload(self, request: Request) -> Response:
        """``POST /api/uploads``: the bytes of an image."""
        data = await read_body(request, IMAGE_KINDS, self._uploads.limits.most_bytes)
        try:
            identity = await self._files.run(self._uploads.add, data)
        except UploadError as error:
            raise HTTPException(413 if "more than" in str(error) else 400, str(error)) from error
        return _json(models.ImageAnswer(id=identity, name=""), 201)

    async def search(self, request: Request) -> Response:
        """``POST /api/search``."""
        asked = await read_model(request, models.SearchRequest)
        image, text = self._image(asked.image), _text(asked.text)
        rankings = [await self._ranking(one, image, text, asked.k) for one in self._library.served]
        return _json(models.SearchAnswer(rankings=rankings))

    async def explain(self, request: Request) -> Response:
        """``POST /api/explain``."""
        asked = await read_model(request, models.ExplainRequest)
        if asked.index >= len(self._library.served):
            raise HTTPException(404, f"There is no index {asked.index}; the first is 0.")
        served, image, text = self._library.served[asked.index], self._image(asked.image), _text(asked.text)
        shown = await self._searches.run(served.explain, image, text)
        return _json(answered(shown, served, self._library))

    async def feedback(self, request: Request) -> Response:
        """``POST /api/feedback``."""
        asked = await read_model(request, models.FeedbackRequest)
        shown = [path for identity in asked.shown if (path := self._library.file(identity)) is not None]
        target = self._library.file(asked.target)
        if target is None:
            raise _gone()
        judgement = Judgement(self._image(asked.reference), _text(asked.text), target, shown)
        change = self._feedback.add if asked.right else self._feedback.remove
        return _json(models.FeedbackAnswer(triplets=await self._files.run(change, judgement)))

    async def thumbnail(self, request: Request) -> Response:
        """``GET /thumb/ID``."""
        return await self._picture(request, SMALL)

    async def picture(self, request: Request) -> Response:
        """``GET /image/ID``."""
        return await self._picture(request, LARGE)

    async def openapi(self, request: Request) -> Response:
        """``GET /api/openapi.json``."""
        return JSONResponse(description())

    async def _picture(self, request: Request, side: int) -> Response:
        identity = request.path_params["identity"]
        tag = f'"{identity}-{side}"'
        path = self._image(identity)
        headers = {"Cache-Control": "private, max-age=86400", "ETag": tag}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        picture = await self._files.run(self._thumbnails.of, identity, path, side)
        return Response(picture, media_type="image/jpeg", headers=headers)

    async def _ranking(self, served: Served, image: Path, text: str, k: int) -> models.RankingAnswer:
        started = time.perf_counter()
        found = await self._searches.run(served.search, image, text, k)
        hits = [
            models.HitAnswer(id=identity, name=photo.name, score=score)
            for identity, score in found
            if (photo := self._library.photo(identity)) is not None
        ]
        taken = 1000 * (time.perf_counter() - started)
        return models.RankingAnswer(label=served.label, hits=hits, milliseconds=round(taken, 1))

    def _image(self, identity: str) -> Path:
        path = self._library.file(identity) or self._uploads.file(identity)
        if path is None:
            raise _gone()
        return path


async def refused(request: Request, error: Exception) -> Response:
    """An error as a JSON object with a sentence; of a file's path nothing is said."""
    if isinstance(error, HTTPException):
        return JSONResponse({"error": error.detail}, error.status_code, error.headers)
    if isinstance(error, DataError):
        return JSONResponse({"error": "The image cannot be read; choose another one."}, 422)
    if isinstance(error, CirBenchError):
        _LOG.error("%s", error)
        return JSONResponse({"error": "The search failed; the server's log says why."}, 500)
    return JSONResponse({"error": "The server failed; its log says why."}, 500)


def _gone() -> HTTPException:
    return HTTPException(404, "There is no such image, or it is gone; choose it again.")


def _json(answer: models.Strict, status: int = 200) -> Response:
    return Response(answer.model_dump_json(), status, media_type="application/json")


def _number(request: Request, name: str, default: int, most: int) -> int:
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdecimal()) or len(text) > 16 or int(text) > most:
        raise HTTPException(400, f"{name} must be a whole number up to {most}.")
    return int(text)


def _text(text: str) -> str:
    """A text on one line; an HTTP 400 if nothing is left of it."""
    words = " ".join(text.split())
    if not words or not words.isprintable():
        raise HTTPException(400, "The text must have printable characters; say what should change.")
    return words
