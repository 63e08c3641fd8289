"""What a method shows of how a query came about, as it is answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F

from cir_bench.inference.explain import ShownExplanation
from cir_bench.search.serve import models
from cir_bench.search.serve.library import Library, Served, photo_id

MOST_SIDE = 64
"""Of a map; a larger one is averaged."""
MOST_LISTED = 50
"""Neighbours or named weights; the heaviest stay."""


def answered(shown: Sequence[ShownExplanation], served: Served, library: Library) -> models.ExplainAnswer:
    """The explanations of one index, as they are answered."""
    return models.ExplainAnswer(label=served.label, explanations=[_answer(one, served, library) for one in shown])


def _answer(shown: ShownExplanation, served: Served, library: Library) -> models.ExplanationAnswer:
    return models.ExplanationAnswer(
        title=shown.title,
        note=shown.note,
        map=_map(shown),
        neighbours=list(_neighbours(shown, served, library)),
        weights=[models.WeightAnswer(name=name, weight=weight) for name, weight in shown.weights[:MOST_LISTED]],
    )


def _map(shown: ShownExplanation) -> list[list[float]] | None:
    """Rows from the top, relative to the largest value; None if it is no map."""
    if shown.map is None:
        return None
    values = torch.from_numpy(shown.map).clone()
    height, width = (min(side, MOST_SIDE) for side in values.shape)
    values = F.adaptive_avg_pool2d(values[None], (height, width))[0]
    largest = float(values.max())
    rows: list[list[float]] = (values / largest if largest > 0 else values).tolist()
    return [[round(value, 4) for value in row] for row in rows]


def _neighbours(shown: ShownExplanation, served: Served, library: Library) -> Iterator[models.NeighbourAnswer]:
    digest_of = served.gallery.digest_of
    for path, weight in sorted(shown.neighbours, key=lambda one: -one[1])[:MOST_LISTED]:
        identity = photo_id(path, digest_of[path])
        photo = library.photo(identity)
        if photo is not None:
            yield models.NeighbourAnswer(id=identity, name=photo.name, weight=weight)
