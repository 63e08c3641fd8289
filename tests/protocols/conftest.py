"""A data set in memory, and protocols over it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from PIL import Image

from cir_bench import DataError, Dataset, Query, Triplet
from cir_bench.protocols.protocol import Protocol


class InMemory(Dataset):
    """Triplets, queries and galleries as given."""

    def __init__(
        self,
        queries: Sequence[Query],
        galleries: Mapping[str, Sequence[str]],
        triplets: Sequence[Triplet] = (),
        spelling: Mapping[str, str] | None = None,
    ) -> None:
        self.parts = tuple(galleries)
        self._queries, self._galleries, self._triplets, self._spelling = queries, galleries, triplets, spelling

    def train(self) -> Sequence[Triplet]:
        return self._triplets

    def queries(self, split: str) -> Sequence[Query]:
        if split != "val":
            raise DataError(f"no split {split!r}")
        return self._queries

    def gallery(self, split: str, part: str = "") -> Sequence[str]:
        return self._galleries[part]

    def open(self, image_id: str) -> Image.Image:
        return Image.new("RGB", (1, 1))

    def has(self, image_id: str) -> bool:
        return True

    def digest(self, image_id: str) -> str:
        return image_id

    def spelling(self, name: str, part: str = "") -> Mapping[str, str]:
        return self._spelling if self._spelling is not None else super().spelling(name, part)


@pytest.fixture
def protocol() -> Callable[..., Protocol]:
    """A protocol with R@1, R@2 and the given fields."""

    def make(**fields: Any) -> Protocol:
        return Protocol.model_validate(
            {
                "reference": "kept",
                "metrics": ["R@1", "R@2"],
                "headline": {"name": "R@1", "mean_of": ["R@1"]},
                **fields,
            }
        )

    return make


@pytest.fixture
def in_memory() -> type[InMemory]:
    return InMemory
