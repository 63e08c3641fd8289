"""`FeatureRequest`: features of images or of texts that are asked for, and how to encode those that are missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from cir_bench.features.chunks import Chunks
from cir_bench.features.extract import read_item
from cir_bench.features.identity import Identity, columns, pair_digest, pair_name, text_digest
from cir_bench.features.processes import read_in_order
from cir_bench.features.store import Scope
from cir_bench.interfaces.dataset import ImageRef
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.features import Features, FeatureShape
from cir_bench.interfaces.levels import FeatureLevel, Needs

IMAGE_BATCH = 64
TEXT_BATCH = 256
"""Items per forward pass; fewer where the device's memory does not hold the pass."""


@dataclass(frozen=True)
class FeatureRequest:
    """Made by :meth:`of_images`, :meth:`of_texts` or :meth:`of_pairs`.

    Attributes:
        encoder: used in evaluation mode, on the device it is on.
        shape: sizes of one item's features.
        identity: decides, together with an item's content, what its features are.
        ids: image ids, the texts themselves or names of pairs; repeats are fine.
        digests: of the items' contents, parallel to ``ids``.
        columns: the levels that are asked for, as they are stored.
        scope: (data set, split), the folder that new features are written to.
        batch_size: items per forward pass.
        encode: features of the items at some positions, in batches, in order.
        order: sort key of a position; texts are encoded in order of length, so that little is padded.
    """

    encoder: Encoder
    shape: FeatureShape
    identity: Identity
    ids: Sequence[str]
    digests: Sequence[str]
    columns: Sequence[str]
    scope: Scope
    batch_size: int
    encode: Callable[[Sequence[int], frozenset[FeatureLevel]], Iterator[Features]]
    order: Callable[[int], int]

    @classmethod
    def of_images(
        cls, name: str, encoder: Encoder, images: Sequence[ImageRef], needs: Needs, scope: Scope, workers: int = 0
    ) -> FeatureRequest:
        """Features of images, by the encoder ``name`` (with argument); ``workers`` processes decode many images."""

        def encode(positions: Sequence[int], levels: frozenset[FeatureLevel]) -> Iterator[Features]:
            chosen = [images[position] for position in positions]
            items = read_in_order(lambda place: read_item(encoder, chosen[place]), len(chosen), IMAGE_BATCH, workers)
            chunks = Chunks()
            while batch := list(islice(items, IMAGE_BATCH)):
                yield chunks.encode(lambda part: encoder.encode_images(part, levels), batch)

        return cls(
            encoder,
            encoder.shape.image,
            Identity.of(name, encoder, "image"),
            [image.id for image in images],
            [encoder.image_digest(image) for image in images],
            columns(needs.image, needs.map_levels),
            scope,
            IMAGE_BATCH,
            encode,
            order=lambda position: 0,
        )

    @classmethod
    def of_texts(cls, name: str, encoder: Encoder, texts: Sequence[str], needs: Needs, scope: Scope) -> FeatureRequest:
        """Features of texts, otherwise as :meth:`of_images`."""

        def encode(positions: Sequence[int], levels: frozenset[FeatureLevel]) -> Iterator[Features]:
            chunks = Chunks()
            for start in range(0, len(positions), TEXT_BATCH):
                batch = [texts[at] for at in positions[start : start + TEXT_BATCH]]
                yield chunks.encode(lambda part: encoder.encode_texts(part, levels), batch)

        return cls(
            encoder,
            encoder.shape.text,
            Identity.of(name, encoder, "text"),
            texts,
            [text_digest(text) for text in texts],
            columns(needs.text, 0),
            scope,
            TEXT_BATCH,
            encode,
            order=lambda position: len(texts[position]),
        )

    @classmethod
    def of_pairs(
        cls,
        name: str,
        encoder: Encoder,
        pairs: Sequence[tuple[ImageRef, str]],
        needs: Needs,
        scope: Scope,
        workers: int = 0,
    ) -> FeatureRequest:
        """Joint features of images, each with a text, otherwise as :meth:`of_images`."""

        def encode(positions: Sequence[int], levels: frozenset[FeatureLevel]) -> Iterator[Features]:
            chosen = [pairs[position] for position in positions]
            items = read_in_order(lambda place: read_item(encoder, chosen[place][0]), len(chosen), IMAGE_BATCH, workers)
            texts, chunks = iter([text for _, text in chosen]), Chunks()
            while batch := list(islice(items, IMAGE_BATCH)):
                words = list(islice(texts, len(batch)))
                yield chunks.encode(lambda items, texts: encoder.encode_pairs(items, texts, levels), batch, words)

        digests = {image.id: encoder.image_digest(image) for image, _ in pairs}
        return cls(
            encoder,
            encoder.shape.joint,
            Identity.of(name, encoder, "pair"),
            [pair_name(image.id, text) for image, text in pairs],
            [pair_digest(digests[image.id], text) for image, text in pairs],
            columns(needs.joint, 0),
            scope,
            IMAGE_BATCH,
            encode,
            order=lambda position: len(pairs[position][1]),
        )
