"""What a composer shows of how queries came about, query by query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cir_bench.errors import RunError
from cir_bench.features.source import FeatureSource, text_features
from cir_bench.interfaces.composer import Composer, GalleryView
from cir_bench.interfaces.explanation import Explanation, ImageMap, NamedWeights, NeighbourWeights
from cir_bench.protocols.eval_set import EvalQuery


@dataclass(frozen=True)
class ShownExplanation:
    """One explanation of one query: a map ``[H, W]`` over the reference image, or weights of neighbours or names."""

    title: str
    note: str
    map: NDArray[np.float64] | None = None
    neighbours: Sequence[tuple[str, float]] = ()
    weights: Sequence[tuple[str, float]] = ()


def explained(
    composer: Composer,
    source: FeatureSource,
    queries: Sequence[EvalQuery],
    gallery: Sequence[str],
    view: GalleryView | None,
) -> list[list[ShownExplanation]]:
    """What a composer shows of each of Q queries; of one with several texts, of its first.

    ``gallery`` are the ids of the candidates, which ``view`` shows to a composer that refines queries with them.
    `RunError` if it does not explain as many queries as it is asked about, or in a way that cannot be shown.
    """
    references = [query.reference for query in queries]
    texts = text_features(source, references, [query.texts[0] for query in queries])
    found: list[list[ShownExplanation]] = [[] for _ in queries]
    for explanation in composer.explain(source.images(references), texts, view):
        if len(explanation) != len(queries):
            count = f"explain gave {len(explanation)} values of {explanation.title!r}"
            raise RunError(f"{count} for {len(queries)} queries.")
        for place, of_query in enumerate(found):
            of_query.append(_of_query(explanation, place, gallery))
    return found


def _of_query(explanation: Explanation, place: int, gallery: Sequence[str]) -> ShownExplanation:
    values = explanation.values[place].detach().cpu().double().numpy()
    title, note = explanation.title, explanation.note
    if isinstance(explanation, ImageMap):
        return ShownExplanation(title, note, map=values)
    if isinstance(explanation, NeighbourWeights):
        assert explanation.rows is not None
        neighbours = [gallery[row] for row in explanation.rows[place].tolist()]
        return ShownExplanation(title, note, neighbours=list(zip(neighbours, values.tolist(), strict=True)))
    if isinstance(explanation, NamedWeights):
        return ShownExplanation(title, note, weights=list(zip(explanation.names, values.tolist(), strict=True)))
    raise RunError(
        f"explain gave {type(explanation).__name__}; it must give ImageMap, NeighbourWeights or NamedWeights."
    )
