"""The check of what composers show of their queries."""

from __future__ import annotations

import torch

from cir_bench.interfaces.composer import Composer, GalleryView
from cir_bench.interfaces.explanation import ImageMap, NamedWeights, NeighbourWeights
from cir_bench.interfaces.features import Features
from cir_bench.testing.asserts import assert_same

KINDS = (ImageMap, NeighbourWeights, NamedWeights)


def assert_explains_each_query(
    composer: Composer, reference: Features, text: Features, gallery: GalleryView | None
) -> None:
    """One of the `KINDS` each, with a title and a row for each query, which is the same if it is asked alone."""
    with torch.no_grad():
        shown = list(composer.explain(reference, text, gallery))
        alone = list(composer.explain(reference[:1], text[:1], gallery))
    assert composer.explains or not shown, "it explains, but `explains` is false"
    titles = [one.title for one in shown]
    assert all(titles), f"an explanation has no title: {titles}"
    assert len(set(titles)) == len(titles), f"two explanations have one title: {titles}"
    assert titles == [one.title for one in alone], "which explanations there are depends on the number of queries"
    for every, single in zip(shown, alone, strict=True):
        assert isinstance(every, KINDS), f"{every.title!r} is none of {', '.join(kind.__name__ for kind in KINDS)}"
        assert (len(every), len(single)) == (len(reference), 1), f"{every.title!r} has not one row for each query"
        assert_same(single.values, every.values[:1], f"query 0 alone, {every.title}")
        if isinstance(every, NeighbourWeights):
            assert every.rows is not None
            inside = (every.rows >= 0) & (every.rows < (len(gallery) if gallery else 0))
            assert inside.all(), f"{every.title!r} has rows outside the gallery"
