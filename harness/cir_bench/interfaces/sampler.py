"""`TripletSampler`: training triplets that are drawn anew every epoch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence

from cir_bench.interfaces.dataset import Triplet


class TripletSampler(ABC):
    """Draws the triplets of an epoch, for a data set that has more of them than anybody trains on.

    Fashion200k's are all pairs of images whose captions differ in one word. A draw follows from its seed and epoch
    alone, the same on every machine, so that an interrupted run goes on as if nothing had happened.
    """

    @property
    @abstractmethod
    def images(self) -> Sequence[str]:
        """Every image that may be drawn from, each once, in the order of the annotation files."""

    @abstractmethod
    def draw(self, seed: int, epoch: int) -> Sequence[Triplet]:
        """The triplets of an epoch: as many in every epoch, other ones for another seed or epoch (any integers)."""

    @abstractmethod
    def among(self, images: Collection[str]) -> TripletSampler:
        """A sampler whose references and targets are all among ``images``; `DataError` when no triplet is left."""

    @abstractmethod
    def kin(self, image: str) -> Sequence[str]:
        """The image and all that are described alike, which a held-out part takes together or leaves together."""
