"""Parameters of the encoders ``sentence-transformers`` and ``openai``. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from cir_bench import Params

Prompt = str | Mapping[str, str] | None
"""One for all data sets, or one for each by its name, with ``"*"`` for all others."""


class MultimodalParams(Params):
    """What both encoders share: the instructions, and how a pair is put together."""

    query: Prompt = None
    """Instruction for texts, and for images read together with a text. One for all data sets, or by data set:
    ``{"fashioniq": "…", "*": "…"}``. None: the model's own prompt ``query``, if it has one. Empty: none."""
    document: Prompt = None
    """The same for images read alone: candidates, and references of methods that need no pairs. None: the model's own
    prompt ``document``."""
    order: Literal["image-first", "text-first"] = "image-first"
    """What comes first in a pair. Most models give another vector for the other order."""

    def prompts_for(self, dataset: str) -> tuple[str | None, str | None]:
        """``query`` and ``document`` for a data set; None where nothing is set for it."""
        return _of(self.query, dataset), _of(self.document, dataset)

    def pair(self, image: Any, text: Any) -> dict[str, Any]:
        """Both by modality, in the order that is set."""
        both = {"image": image, "text": text}
        return both if self.order == "image-first" else dict(reversed(both.items()))


def _of(prompt: Prompt, dataset: str) -> str | None:
    return prompt.get(dataset, prompt.get("*")) if isinstance(prompt, Mapping) else prompt


class SentenceTransformersParams(MultimodalParams):
    """``sentence-transformers:MODEL``."""

    argument: ClassVar[str | None] = "model"

    model: str
    """A multimodal model of sentence-transformers: its name on the Hugging Face hub, or its folder."""
    revision: str | None = None
    """Branch, tag or commit of a model on the hub."""
    task: str | None = None
    """Handed to models that have several tasks (jina-embeddings-v4: ``retrieval``). None: ``query`` for texts and
    pairs, ``document`` for images."""
    truncate_dim: Annotated[int, Field(ge=1)] | None = None
    """Keep the first dimensions alone (Matryoshka models). What the model normalises is then normalised again."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Of the weights; ``auto``: as they are saved. Features are float32 in any case."""
    batch: Annotated[int, Field(ge=1)] = 16
    """Items per forward pass."""
    pooling: Literal["cls", "mean", "lasttoken"] | None = None
    """How token vectors become one. None: as the model's ``modules.json`` says; without that file it must be set."""
    trust_remote_code: bool = False
    """Run Python code that comes with the model. Read it first."""


class OpenAIParams(MultimodalParams):
    """``openai:URL``."""

    argument: ClassVar[str | None] = "url"

    url: str
    """The address up to the version: ``http://localhost:8000/v1``."""
    model: str | None = None
    """The model's name there. None: the only one that the server lists."""
    dimensions: Annotated[int, Field(ge=1)] | None = None
    """Ask for vectors of this width (Matryoshka models)."""
    body: Mapping[str, Any] = {}
    """Further fields of every request, such as ``{"add_generation_prompt": true}``."""
    api_key_env: str | None = None
    """The environment variable that has the key, such as ``OPENAI_API_KEY``. None: none is sent."""
    concurrency: Annotated[int, Field(ge=1)] = 8
    """Requests at a time; an item is a request."""
    timeout: Annotated[float, Field(gt=0)] = 60.0
    """Seconds to wait for an answer."""
    retries: Annotated[int, Field(ge=0)] = 5
    """How often a request is sent again: after a timeout, a broken connection, or status 429, 500, 502, 503 or 504."""

    @field_validator("url")
    @classmethod
    def _address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("write it as http://HOST:PORT/v1")
        if parts.username or parts.password:
            raise ValueError("a user or password in it would be recorded; give a key by api_key_env")
        return url.rstrip("/")
