"""`FeatureSource`: where training and inference get features from; `CachedSource`: those of frozen encoders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, TypeVar, runtime_checkable

import torch
from torch import Tensor

from cir_bench.features.identity import pair_name
from cir_bench.features.table import FeatureTable
from cir_bench.interfaces.features import Features

MAIN = "main"
"""The branch's name when a method has one encoder."""

T = TypeVar("T")


class FeatureSource(Protocol):
    """Features of images by id and of texts, on the run's device."""

    def images(self, ids: Sequence[str]) -> Features:
        """Features of B images, repeats allowed."""

    def train_images(self, batches: Sequence[Sequence[str]], seeds: Sequence[int]) -> Iterator[Features]:
        """Features of each training batch's images, in order.

        A live source reads the images of coming batches ahead, augments them if its encoder does (each by the batch's
        seed and its place in the batch), and seeds torch's generators with the batch's seed before it encodes.
        """

    def texts(self, texts: Sequence[str]) -> Features:
        """Features of B texts, repeats allowed."""


@runtime_checkable
class RowSource(Protocol):
    """A `FeatureSource` that also takes images and texts as places in a list, so that names are looked up once."""

    def image_rows(self, ids: Sequence[str], batches: Sequence[Tensor]) -> Iterator[Features]:
        """Features of each batch's images, in order; a batch is ``[B]`` places in ``ids``, repeats allowed."""

    def text_rows(self, texts: Sequence[str], batches: Sequence[Tensor]) -> Iterator[Features]:
        """Features of each batch's texts, in order; a batch is ``[B]`` places in ``texts``, repeats allowed."""


@runtime_checkable
class PairSource(Protocol):
    """A `FeatureSource` that may have joint features."""

    def pairs(self, images: Sequence[str], texts: Sequence[str]) -> Features | None:
        """Joint features of B images, each with its text; None if they are not read."""


def text_features(source: FeatureSource, references: Sequence[str], texts: Sequence[str]) -> Features:
    """Features of B texts, with the joint ones of each and its reference image if ``source`` has them."""
    return with_pairs(source, with_texts(source, texts), references, texts)


def with_pairs(source: FeatureSource, found: Features, references: Sequence[str], texts: Sequence[str]) -> Features:
    """Features of B texts, ``found``, with the joint ones if ``source`` has them."""
    joint = source.pairs(references, texts) if isinstance(source, PairSource) else None
    return found if joint is None else found.with_joint(joint)


def by_branch(parts: Mapping[str, T], features: Callable[[T], Features]) -> Features:
    """``features`` of every encoder copy, by branch; of the only one when a method has no branches."""
    if list(parts) == [MAIN]:
        return features(parts[MAIN])
    return Features(branches={name: features(part) for name, part in parts.items()})


def with_texts(source: FeatureSource, texts: Sequence[str]) -> Features:
    """Features of B texts, with the texts themselves."""
    return replace(source.texts(texts), texts=tuple(texts))


class Tables(NamedTuple):
    """Tables of every image and text that will be asked for."""

    images: FeatureTable
    texts: FeatureTable
    pairs: FeatureTable | None = None


@dataclass(frozen=True)
class CachedSource:
    """Features out of the tables of each encoder copy, on ``device``."""

    tables: Mapping[str, Tables]
    device: torch.device

    def images(self, ids: Sequence[str]) -> Features:
        """Features of B images."""
        return by_branch(self.tables, lambda tables: tables.images.rows(ids, self.device))

    def train_images(self, batches: Sequence[Sequence[str]], seeds: Sequence[int]) -> Iterator[Features]:
        """Features of each batch; cached features are not augmented, so the seeds are not used."""
        return map(self.images, batches)

    def texts(self, texts: Sequence[str]) -> Features:
        """Features of B texts."""
        return by_branch(self.tables, lambda tables: tables.texts.rows(texts, self.device))

    @property
    def has_pairs(self) -> bool:
        """Whether there is a table of joint features."""
        return any(tables.pairs is not None for tables in self.tables.values())

    def pairs(self, images: Sequence[str], texts: Sequence[str]) -> Features | None:
        """Joint features of B images, each with its text; None if there is no table of them."""
        found = {name: tables.pairs for name, tables in self.tables.items() if tables.pairs is not None}
        names = list(map(pair_name, images, texts)) if found else []
        return by_branch(found, lambda table: table.rows(names, self.device)) if found else None

    def image_rows(self, ids: Sequence[str], batches: Sequence[Tensor]) -> Iterator[Features]:
        """Features of each batch's images, which are places in ``ids``."""
        return self._rows({name: tables.images for name, tables in self.tables.items()}, ids, batches)

    def text_rows(self, texts: Sequence[str], batches: Sequence[Tensor]) -> Iterator[Features]:
        """Features of each batch's texts, which are places in ``texts``."""
        return self._rows({name: tables.texts for name, tables in self.tables.items()}, texts, batches)

    def _rows(
        self, tables: Mapping[str, FeatureTable], names: Sequence[str], batches: Sequence[Tensor]
    ) -> Iterator[Features]:
        streams = {branch: table.batches(names, batches, self.device) for branch, table in tables.items()}
        return (by_branch(streams, next) for _ in batches)
