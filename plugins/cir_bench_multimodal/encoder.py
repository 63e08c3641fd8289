"""`SentenceTransformers`: any multimodal model of sentence-transformers as an encoder of images, texts and pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from cir_bench import (
    ConfigError,
    Context,
    DataError,
    Encoder,
    EncoderShape,
    FeatureLevel,
    Features,
    FeatureShape,
    ImageRef,
)
from cir_bench.utils import recompute_blocks
from cir_bench_multimodal.inputs import lengths, prepared, reads_prompt, too_long
from cir_bench_multimodal.load import load_model
from cir_bench_multimodal.params import SentenceTransformersParams
from cir_bench_multimodal.saved import folder_of, provides, settings_digest

QUERY, DOCUMENT = "query", "document"


class SentenceTransformers(Encoder):
    """Pooled features ``[B, d]`` of images, of texts and of an image with a text, all in one space.

    Texts and pairs are queries, images alone are documents: each with the prompt of its role, as the library's
    `encode_query` and `encode_document` do. The vectors are theirs, too.
    """

    version = "1"

    def __init__(self, params: SentenceTransformersParams, context: Context) -> None:
        super().__init__()
        self.model, self._source = load_model(params)
        self._params = params
        self._prompts, self._own = self._chosen_prompts(context.dataset)
        self._pairs = bool(self.model.supports(("image", "text")))
        folder = folder_of(params.model, params.revision)
        self._settings = settings_digest(folder) if folder else "unknown"
        self._ignored = self._find_ignored()
        self.shape = self._measure()
        self.eval()

    @property
    def preprocess(self) -> str:
        """Everything but the weights that a feature depends on: the prompts, the files of the model's processor."""
        params = self._params
        options = {
            "order": params.order,
            "task": params.task,
            "truncate_dim": params.truncate_dim,
            "dtype": params.dtype,
            "pooling": params.pooling,
        }
        return f"{self._settings} {self._prompts} {options}"

    def facts(self) -> Mapping[str, str]:
        """Where the weights come from, the prompts, and whether code of the model was run."""
        facts = {"weights": self._source}
        facts |= {f"prompt of a {role}": prompt for role, prompt in self._prompts.items() if prompt}
        if self._ignored:
            facts["prompt ignored on"] = ", ".join(sorted(self._ignored))
        if self._params.trust_remote_code:
            facts["code"] = "code of the model was allowed to run"
        return facts

    def image_item(self, image: ImageRef, *, train: bool = False) -> Image.Image:
        """The decoded image; the model's own processor does the rest."""
        return image.open()

    def encode_images(self, items: Sequence[Any], levels: frozenset[FeatureLevel]) -> Features:
        """Features of B images."""
        return self._encode("images", [{"image": item} for item in items], DOCUMENT)

    def encode_texts(self, texts: Sequence[str], levels: frozenset[FeatureLevel]) -> Features:
        """Features of B texts. A text is a text, even if it is the name of a file."""
        return self._encode("texts", [{"text": text} for text in texts], QUERY)

    def encode_pairs(self, items: Sequence[Any], texts: Sequence[str], levels: frozenset[FeatureLevel]) -> Features:
        """Features of B images, each with its text.

        Raises:
            ConfigError: the model reads no pairs, or ignores the prompt on them.
            DataError: a pair is longer than the model reads.
        """
        if not self._pairs:
            raise ConfigError(
                f"{self._params.model} reads images and texts apart (it reads "
                f"{', '.join(map(str, self.model.modalities))}); choose a method that combines their features."
            )
        inputs = [self._params.pair(item, text) for item, text in zip(items, texts, strict=True)]
        return self._encode("pairs", inputs, QUERY)

    def cut_texts(self, texts: Sequence[str]) -> Sequence[str]:
        """Those of more tokens than the model reads, its prompt included."""
        limit = self.model.max_seq_length
        long = [text for text in texts if limit is not None and len(text.encode()) + self._overhead > limit]
        cut = too_long(self.model, [{"text": text} for text in long], self._prompts[QUERY], self._task(QUERY))
        return [text for text, is_cut in zip(long, cut, strict=True) if is_cut]

    def set_gradient_checkpointing(self, on: bool) -> None:
        """Of the model's transformer layers."""
        recompute_blocks(self.model, on)

    def _encode(self, what: str, inputs: Sequence[Mapping[str, Any]], role: str) -> Features:
        if what in self._ignored and not self._own[role]:
            raise ConfigError(
                f"{self._params.model} ignores a prompt on {what}, but encoder.{role} sets one; set encoder.{role}= "
                "(nothing after the =)."
            )
        size = self._params.batch
        return Features(torch.cat([self._vectors(inputs[at : at + size], role) for at in range(0, len(inputs), size)]))

    def _vectors(self, inputs: Sequence[Mapping[str, Any]], role: str) -> Tensor:
        task = self._task(role)
        features = self._prepared(inputs, role)
        device = self.device
        on_device = {key: value.to(device) if isinstance(value, Tensor) else value for key, value in features.items()}
        vectors: Tensor = self.model(on_device, task=task)["sentence_embedding"].float()
        kept = vectors[:, : self._params.truncate_dim]
        return F.normalize(kept, dim=1) if self._normalises and kept.shape != vectors.shape else kept

    def _prepared(self, inputs: Sequence[Mapping[str, Any]], role: str) -> dict[str, Any]:
        """Texts may lose their end, see `cut_texts`; with an image, what would be lost is part of the query."""
        arguments = self._prompts[role], self._task(role)
        limit = self.model.max_seq_length
        try:
            features = prepared(self.model, inputs, *arguments)
            full = limit is not None and any(length >= limit for length in lengths(features))
        except ValueError:  # transformers: tokens of an image were cut
            full = True
            if not any(too_long(self.model, inputs, *arguments)):
                raise
        if full and "image" in inputs[0]:
            for one, long in zip(inputs, too_long(self.model, inputs, *arguments), strict=True):
                if long:
                    what = f"an image with the text {one['text'][:60]!r}" if "text" in one else "an image"
                    raise DataError(
                        f"{what} has more tokens than the {limit} that {self._params.model} reads; shorten the texts, "
                        "or let the model's processor make its images smaller."
                    )
        return features

    def _task(self, role: str) -> str:
        return self._params.task or role

    @property
    def _normalises(self) -> bool:
        return type(list(self.model)[-1]).__name__ == "Normalize"

    @property
    def _overhead(self) -> int:
        """More tokens than a prompt and a chat template add to a text; a token of the text is a byte at least."""
        return 64 + len(self._prompts[QUERY].encode())

    def _chosen_prompts(self, dataset: str) -> tuple[dict[str, str], dict[str, bool]]:
        """The prompt of each role, and whether it is the model's own."""
        own = self.model.prompts
        query, document = self._params.prompts_for(dataset)
        theirs = next((own[name] for name in ("document", "passage", "corpus") if name in own), "")
        return (
            {
                QUERY: own.get("query", "") if query is None else query,
                DOCUMENT: theirs if document is None else document,
            },
            {QUERY: query is None, DOCUMENT: document is None},
        )

    def _find_ignored(self) -> frozenset[str]:
        """``images``, ``texts``, ``pairs``: those on which the prompt of their role changes nothing."""
        blank = Image.new("RGB", (64, 64))
        probes: dict[str, tuple[dict[str, Any], str]] = {
            "images": ({"image": blank}, DOCUMENT),
            "texts": ({"text": "a"}, QUERY),
        }
        if self._pairs:
            probes["pairs"] = (self._params.pair(blank, "a"), QUERY)
        return frozenset(
            what
            for what, (one, role) in probes.items()
            if self._prompts[role] and not reads_prompt(self.model, one, self._prompts[role], self._task(role))
        )

    def _measure(self) -> EncoderShape:
        """The widths, from one text; pairs have them, too, also where it turns out that there are none."""
        with torch.no_grad():
            width = self._vectors([{"text": "a"}], QUERY).shape[1]
        if self._params.truncate_dim is not None and width < self._params.truncate_dim:
            raise ConfigError(
                f"{self._params.model} gives {width} dimensions, fewer than truncate_dim={self._params.truncate_dim}."
            )
        pooled = FeatureShape(pooled=width)
        return EncoderShape(pooled, pooled, pooled if provides(self._params).joint else FeatureShape())
