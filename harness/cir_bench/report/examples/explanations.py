"""How methods came to their answers: a finished cell is loaded again, and its composer is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from cir_bench.errors import RunError
from cir_bench.features.source import FeatureSource, text_features
from cir_bench.inference.embed import embed_gallery
from cir_bench.inference.gallery import GalleryForQueries, vectors_of
from cir_bench.interfaces.composer import Composer, GalleryView
from cir_bench.interfaces.explanation import Explanation, ImageMap, NamedWeights, NeighbourWeights
from cir_bench.plugin.registry import Registry, blame
from cir_bench.protocols.eval_set import EvalPart, EvalQuery
from cir_bench.records.load import StoredRecord
from cir_bench.retrieval.index import rows_by_id
from cir_bench.runs.assembly import restore
from cir_bench.runs.ingredients import changes, ingredients
from cir_bench.runs.recorded import cell_of
from cir_bench.runs.workbench import Workbench


@dataclass(frozen=True)
class ShownExplanation:
    """One explanation of one query: a map ``[H, W]`` over the reference image, or weights of neighbours or names."""

    title: str
    note: str
    map: NDArray[np.float64] | None = None
    neighbours: Sequence[tuple[str, float]] = ()
    weights: Sequence[tuple[str, float]] = ()


def explanations(
    stored: StoredRecord, bench: Workbench, registry: Registry, asked: Mapping[str, Sequence[EvalQuery]]
) -> dict[str, list[ShownExplanation]]:
    """What a cell's composer shows of each query ``asked`` (by part), by query id; empty if it explains nothing.

    Nothing is shown of a cell with an artefact, whose texts are not kept. A query with several texts is explained with
    its first. `ConfigError` if a part of the cell is not installed here; `RunError` if the cell is stale, or its
    weights were not kept: what would be explained is not what was measured.
    """
    if stored.record.artefact is not None:
        return {}
    cell = cell_of(stored.record, registry)
    different = changes(stored.record.ingredients, ingredients(cell, bench))
    if different:
        raise RunError(f"it is stale ({'; '.join(different[:2])})")
    trained = restore(cell, bench, registry, stored.folder)
    composer, live = trained.method.composer, trained.sources.live()
    found: dict[str, list[ShownExplanation]] = {}
    with torch.inference_mode(), blame(cell.method, "explaining queries"):
        for part, queries in asked.items():
            if not queries:
                continue
            view = bench.data.evaluation(cell).parts[part]
            gallery = None
            if composer.uses_gallery:
                source = trained.sources.for_evaluation(bool(trained.trainee.encoders))
                gallery = _gallery(composer, source, view, queries)
            references = [query.reference for query in queries]
            reference = live.images(references)
            texts = text_features(live, references, [query.texts[0] for query in queries])
            for explanation in composer.explain(reference, texts, gallery):
                if len(explanation) != len(queries):
                    count = f"explain gave {len(explanation)} values of {explanation.title!r}"
                    raise RunError(f"{count} for {len(queries)} queries.")
                for place, query in enumerate(queries):
                    found.setdefault(query.id, []).append(_of_query(explanation, place, view))
    return found


def _gallery(composer: Composer, source: FeatureSource, view: EvalPart, queries: Sequence[EvalQuery]) -> GalleryView:
    embedded = embed_gallery(composer, source, view.gallery).to(dtype=torch.float32)
    row_of = rows_by_id(view.gallery)
    excluded = [[row_of[image] for image in view.truth[query.id].excluded if image in row_of] for query in queries]
    return GalleryForQueries(embedded, vectors_of(embedded), excluded, composer.scorer)


def _of_query(explanation: Explanation, place: int, view: EvalPart) -> ShownExplanation:
    values = explanation.values[place].detach().cpu().double().numpy()
    title, note = explanation.title, explanation.note
    if isinstance(explanation, ImageMap):
        return ShownExplanation(title, note, map=values)
    if isinstance(explanation, NeighbourWeights):
        assert explanation.rows is not None
        neighbours = [view.gallery[row] for row in explanation.rows[place].tolist()]
        return ShownExplanation(title, note, neighbours=list(zip(neighbours, values.tolist(), strict=True)))
    if isinstance(explanation, NamedWeights):
        return ShownExplanation(title, note, weights=list(zip(explanation.names, values.tolist(), strict=True)))
    raise RunError(
        f"explain gave {type(explanation).__name__}; it must give ImageMap, NeighbourWeights or NamedWeights."
    )
