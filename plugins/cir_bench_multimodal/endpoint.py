"""`Endpoint`: an embeddings endpoint that reads images, as an encoder."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from cir_bench import Context, Encoder, EncoderShape, FeatureLevel, Features, FeatureShape, ImageRef
from cir_bench_multimodal.client import EmbeddingClient
from cir_bench_multimodal.params import OpenAIParams


class Endpoint(Encoder):
    """Pooled features ``[B, d]`` of images, texts and pairs, each from a request of its own.

    An item is a conversation: the instruction as the system's message, and image, text or both as the user's. Nothing
    tells when another model is served under the same name at the same address: then clear the cache of features.
    """

    version = "1"

    def __init__(self, params: OpenAIParams, context: Context) -> None:
        super().__init__()
        self._params = params
        self._query, self._document = (prompt or "" for prompt in params.prompts_for(context.dataset))
        self._client = EmbeddingClient(params)
        pooled = FeatureShape(pooled=self._embed([{"text": "a"}], self._query).shape[1])
        self.shape = EncoderShape(pooled, pooled, pooled)

    @property
    def preprocess(self) -> str:
        """Everything that is sent besides the item: it decides what the vectors are."""
        prompts = {"query": self._query, "document": self._document}
        params = self._params
        return f"{self._client.model} {prompts} {params.order} {params.dimensions} {sorted(params.body.items())} png"

    def facts(self) -> Mapping[str, str]:
        """The address, the served model and the prompts."""
        facts = {"weights": f"{self._client.model} at {self._params.url}"}
        prompts = {"query": self._query, "document": self._document}
        return facts | {f"prompt of a {role}": prompt for role, prompt in prompts.items() if prompt}

    def image_item(self, image: ImageRef, *, train: bool = False) -> bytes:
        """The image as a PNG file: what the server reads is every pixel of it."""
        file = io.BytesIO()
        image.open().save(file, "PNG", compress_level=1)
        return file.getvalue()

    def encode_images(self, items: Sequence[Any], levels: frozenset[FeatureLevel]) -> Features:
        """Features of B images."""
        return Features(self._embed([{"image": item} for item in items], self._document))

    def encode_texts(self, texts: Sequence[str], levels: frozenset[FeatureLevel]) -> Features:
        """Features of B texts."""
        return Features(self._embed([{"text": text} for text in texts], self._query))

    def encode_pairs(self, items: Sequence[Any], texts: Sequence[str], levels: frozenset[FeatureLevel]) -> Features:
        """Features of B images, each with its text."""
        return Features(
            self._embed([self._params.pair(item, text) for item, text in zip(items, texts, strict=True)], self._query)
        )

    def _embed(self, inputs: Sequence[Mapping[str, Any]], prompt: str) -> Tensor:
        return self._client.embed([_messages(one, prompt) for one in inputs])


def _messages(one: Mapping[str, Any], prompt: str) -> list[dict[str, Any]]:
    content = [_image(value) if kind == "image" else {"type": "text", "text": value} for kind, value in one.items()]
    system = [{"role": "system", "content": [{"type": "text", "text": prompt}]}] if prompt else []
    return [*system, {"role": "user", "content": content}]


def _image(png: bytes) -> dict[str, Any]:
    address = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    return {"type": "image_url", "image_url": {"url": address}}
