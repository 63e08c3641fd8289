"""The description of the API (OpenAPI 3.1), from the models of what is asked and answered."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from cir_bench.search.serve import models
from cir_bench.version import __version__

_ERRORS = {
    "400": "The request is not as described.",
    "401": "A token is needed.",
    "403": "Another site asked.",
    "404": "There is no such image.",
    "413": "It is too large.",
    "415": "It is of another kind.",
    "421": "Host is not a name of this server.",
    "422": "The image cannot be read.",
    "429": "Too many requests.",
    "503": "The server is busy.",
}


def description() -> dict[str, Any]:
    """The document."""
    every = [one for one in vars(models).values() if isinstance(one, type) and issubclass(one, models.Strict)]
    schemas = models_json_schema(
        [(one, "serialization") for one in every if one is not models.Strict],
        ref_template="#/components/schemas/{model}",
    )[1]["$defs"]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "cir-bench serve",
            "version": __version__,
            "description": "Search images by a reference image and a text that says what should change.",
        },
        "paths": _paths(),
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _paths() -> dict[str, Any]:
    identity = {"name": "identity", "in": "path", "required": True, "schema": {"type": "string"}}
    picture = {"200": {"description": "A JPEG.", "content": {"image/jpeg": {}}}, "304": {"description": "Unchanged."}}
    image = {"type": "string", "format": "binary"}
    bytes_of_image = {kind: {"schema": image} for kind in ("image/jpeg", "image/png", "image/webp")}
    words = {"name": "words", "in": "query", "schema": {"type": "string"}}
    return {
        "/api/info": {"get": _operation("What is served.", models.InfoAnswer)},
        "/api/images": {
            "get": _operation(
                "The images by name; words: only those whose names have all of them.",
                models.ImagesAnswer,
                parameters=[_count("start", 0), _count("count", 60), words],
            )
        },
        "/api/uploads": {
            "post": _operation(
                "Send a reference image; it is kept for a while.",
                models.ImageAnswer,
                status="201",
                body=bytes_of_image,
            )
        },
        "/api/search": {
            "post": _operation("Search all indexes.", models.SearchAnswer, body=_json(models.SearchRequest))
        },
        "/api/explain": {
            "post": _operation(
                "How a query to one index came about.", models.ExplainAnswer, body=_json(models.ExplainRequest)
            )
        },
        "/api/feedback": {
            "post": _operation("A result is right.", models.FeedbackAnswer, body=_json(models.FeedbackRequest))
        },
        "/thumb/{identity}": {"get": _picture("A small picture of an image.", identity, picture)},
        "/image/{identity}": {"get": _picture("A large picture of an image.", identity, picture)},
    }


def _operation(
    summary: str,
    answer: type[BaseModel],
    *,
    status: str = "200",
    body: dict[str, Any] | None = None,
    parameters: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "summary": summary,
        "responses": {status: {"description": "Done.", "content": _json(answer)}, **_errors()},
    }
    if body is not None:
        made["requestBody"] = {"required": True, "content": body}
    if parameters is not None:
        made["parameters"] = parameters
    return made


def _picture(summary: str, identity: dict[str, Any], answers: dict[str, Any]) -> dict[str, Any]:
    return {"summary": summary, "parameters": [identity], "responses": {**answers, **_errors()}}


def _errors() -> dict[str, Any]:
    return {status: {"description": why, "content": _json(models.ErrorAnswer)} for status, why in _ERRORS.items()}


def _json(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}


def _count(name: str, default: int) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": "integer", "minimum": 0, "default": default}}
