"""`Rows`: a train set as numbers, so that an epoch is a few tensor operations instead of a loop over its triplets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from cir_bench.interfaces.dataset import Triplet
from cir_bench.training.seeding import generator


@dataclass(frozen=True)
class Rows:
    """N triplets as places in lists of their images and texts.

    Attributes:
        images: every image once.
        texts: every text once, descriptions of targets among them.
        reference: ``[N]``, places in ``images``.
        target: ``[N]``, places in ``images``.
        options: the texts of all triplets one after the other, places in ``texts``.
        first: ``[N]``, where a triplet's own begin in ``options``.
        counts: ``[N]``, how many it has.
        description: ``[N]``, the target's description as a place in ``texts``; None if no target has one.
        described: ``[N]`` bool, whether that is more than the empty text.
    """

    images: Sequence[str]
    texts: Sequence[str]
    reference: Tensor
    target: Tensor
    options: Tensor
    first: Tensor
    counts: Tensor
    description: Tensor | None
    described: Tensor | None

    @classmethod
    def of(cls, triplets: Sequence[Triplet], texts: Sequence[tuple[str, ...]], side_texts: Mapping[str, str]) -> Rows:
        """Number the images and texts in the order in which they occur."""
        image_places: dict[str, int] = {}
        text_places: dict[str, int] = {}
        reference, target = (
            [image_places.setdefault(image, len(image_places)) for image in images]
            for images in ([t.reference for t in triplets], [t.target for t in triplets])
        )
        options = [text_places.setdefault(text, len(text_places)) for several in texts for text in several]
        counts = torch.tensor([len(several) for several in texts], dtype=torch.int64)
        descriptions = [side_texts.get(t.target, "") for t in triplets] if side_texts else []
        description = [text_places.setdefault(text, len(text_places)) for text in descriptions]
        return cls(
            images=tuple(image_places),
            texts=tuple(text_places),
            reference=torch.tensor(reference, dtype=torch.int64),
            target=torch.tensor(target, dtype=torch.int64),
            options=torch.tensor(options, dtype=torch.int64),
            first=counts.cumsum(0) - counts,
            counts=counts,
            description=torch.tensor(description) if side_texts else None,
            described=torch.tensor([bool(text) for text in descriptions]) if side_texts else None,
        )

    def order(self, seed_parts: Sequence[int | str], siblings: int = 1) -> Tensor:
        """``[N]``: a seeded permutation, in which ``siblings`` triplets of one reference image follow each other.

        An image with another number of triplets has one smaller group of them.
        """
        numbers = generator(*seed_parts, "order")
        order = torch.randperm(len(self.reference), generator=numbers)
        if siblings == 1:
            return order
        families = order[self.reference[order].argsort(stable=True)]  # image by image, each one's triplets shuffled
        image = self.reference[families]
        place = torch.arange(len(image))
        begins = torch.searchsorted(image, image)  # where the family of each begins
        new_group = (place - begins) % siblings == 0
        group = new_group.cumsum(0) - 1
        drawn = torch.randperm(int(group[-1]) + 1, generator=numbers)
        return families[drawn[group].argsort(stable=True)]

    def draw_texts(self, seed_parts: Sequence[int | str]) -> Tensor:
        """``[N]``: for each triplet one of its texts, all equally likely, as a place in ``texts``."""
        if len(self.options) == len(self.counts):
            return self.options
        drawn = torch.rand(len(self.counts), dtype=torch.float64, generator=generator(*seed_parts, "texts"))
        return self.options[self.first + (drawn * self.counts).long()]
