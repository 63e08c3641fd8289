"""`FeatureRequest`: features of images or of texts that are asked for, and how to encode those that are missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import Any, TypeVar

from cir_bench.features.chunks import Chunks
from cir_bench.features.extract import read_item
from cir_bench.features.identity import Identity, Role, columns, pair_digest, pair_name, text_digest
from cir_bench.features.jpeg import JpegDecoder, read_jpeg
from cir_bench.features.processes import read_in_order
from cir_bench.features.sizes import FIXED, BatchSizes
from cir_bench.features.store import Scope
from cir_bench.interfaces.dataset import ImageRef
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.features import Features, FeatureShape
from cir_bench.interfaces.levels import FeatureLevel, Needs

IMAGE_BATCH = 64
TEXT_BATCH = 256
"""Items per forward pass; more where a GPU has room for them, fewer where its memory does not hold the pass."""

T = TypeVar("T")

Encoded = tuple[int, Features]
"""A number of items, and their features."""


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
        batch_size: items per forward pass, unless it is made larger; ranks share whole batches of it.
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
    encode: Callable[[Sequence[int], frozenset[FeatureLevel]], Iterator[Encoded]]
    order: Callable[[int], int]

    @classmethod
    def of_images(
        cls,
        name: str,
        encoder: Encoder,
        images: Sequence[ImageRef],
        needs: Needs,
        scope: Scope,
        workers: int = 0,
        sizes: BatchSizes = FIXED,
        decoder: JpegDecoder | None = None,
    ) -> FeatureRequest:
        """Features of images, by the encoder ``name`` (with argument); ``workers`` processes decode many images.

        Batches may be as large as ``sizes`` finds. JPEG files are decoded by ``decoder`` where the encoder is.
        """

        def encode(positions: Sequence[int], levels: frozenset[FeatureLevel]) -> Iterator[Encoded]:
            chosen = [images[position] for position in positions]

            def read(place: int) -> Any:
                image = chosen[place]
                return read_item(encoder, image) if decoder is None else read_jpeg(encoder, image, place)

            def encode_part(part: Sequence[Any]) -> Features:
                items = part if decoder is None else decoder.items(encoder, part, chosen)
                return encoder.encode_images(items, levels)

            items = read_in_order(read, len(chosen), IMAGE_BATCH, workers)

            return _in_batches("image", items, IMAGE_BATCH, sizes, encode_part)

        return cls(
            encoder,
            encoder.shape.image,
            Identity.of(name, encoder, "image", decoder.name if decoder else ""),
            [image.id for image in images],
            [encoder.image_digest(image) for image in images],
            columns(needs.image, needs.map_levels),
            scope,
            IMAGE_BATCH,
            encode,
            order=lambda position: 0,
        )

    @classmethod
    def of_texts(
        cls,
        name: str,
        encoder: Encoder,
        texts: Sequence[str],
        needs: Needs,
        scope: Scope,
        sizes: BatchSizes = FIXED,
    ) -> FeatureRequest:
        """Features of texts, otherwise as :meth:`of_images`."""

        def encode(positions: Sequence[int], levels: frozenset[FeatureLevel]) -> Iterator[Encoded]:
            chosen = [texts[at] for at in positions]
            longest = chosen[-TEXT_BATCH:]  # the order is that of length
            encode_part = partial(encoder.encode_texts, levels=levels)
            return _in_batches("text", iter(chosen), TEXT_BATCH, sizes, encode_part, longest)

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
        sizes: BatchSizes = FIXED,
    ) -> FeatureRequest:
        """Joint features of images, each with a text, otherwise as :meth:`of_images`."""

        def encode(positions: Sequence[int], levels: frozenset[FeatureLevel]) -> Iterator[Encoded]:
            chosen = [pairs[position] for position in positions]
            items = read_in_order(lambda place: read_item(encoder, chosen[place][0]), len(chosen), IMAGE_BATCH, workers)
            both = zip(items, [text for _, text in chosen], strict=True)

            def encode_part(part: Sequence[tuple[Any, str]]) -> Features:
                return encoder.encode_pairs([item for item, _ in part], [text for _, text in part], levels)

            return _in_batches("pair", both, IMAGE_BATCH, sizes, encode_part)

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


def _in_batches(
    kind: Role,
    items: Iterator[T],
    default: int,
    sizes: BatchSizes,
    encode: Callable[[Sequence[T]], Features],
    largest: Sequence[T] = (),
) -> Iterator[Encoded]:
    """Features of ``items``, in batches of ``default`` or of what ``sizes`` finds with one.

    That one, ``largest`` or else the first, is encoded for its memory alone: batches are all of one size, so that an
    extraction that goes on after a kill makes the same ones.
    """
    chunks, size = Chunks(), default
    first = [] if sizes.memory is None else list(islice(items, default + 1))
    if len(first) > default:
        _, size = sizes.measured(default, lambda: chunks.encode(encode, largest or first[:default]))
    rest = chain(first, items)
    while batch := list(islice(rest, size if chunks.most is None else default)):
        features = chunks.encode(encode, batch)
        sizes.note(kind, min(len(batch), chunks.most or len(batch)))
        yield len(batch), features
    if sizes.memory is not None:
        sizes.memory.release()  # what the batches had is for the tables
