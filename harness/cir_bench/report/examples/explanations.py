"""How methods came to their answers: a finished cell is loaded again, and its composer is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from cir_bench.errors import RunError
from cir_bench.features.source import FeatureSource
from cir_bench.inference.embed import embed_gallery
from cir_bench.inference.explain import ShownExplanation, explained
from cir_bench.inference.gallery import GalleryForQueries, vectors_of
from cir_bench.interfaces.composer import Composer, GalleryView
from cir_bench.plugin.registry import Registry, blame
from cir_bench.protocols.eval_set import EvalPart, EvalQuery
from cir_bench.records.load import StoredRecord
from cir_bench.retrieval.index import rows_by_id
from cir_bench.runs.assembly import restore
from cir_bench.runs.ingredients import changes, ingredients
from cir_bench.runs.recorded import cell_of
from cir_bench.runs.workbench import Workbench


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
            shown = explained(composer, live, queries, view.gallery, gallery)
            found |= {query.id: of_query for query, of_query in zip(queries, shown, strict=True) if of_query}
    return found


def _gallery(composer: Composer, source: FeatureSource, view: EvalPart, queries: Sequence[EvalQuery]) -> GalleryView:
    embedded = embed_gallery(composer, source, view.gallery).to(dtype=torch.float32)
    row_of = rows_by_id(view.gallery)
    excluded = [[row_of[image] for image in view.truth[query.id].excluded if image in row_of] for query in queries]
    return GalleryForQueries(embedded, vectors_of(embedded), excluded, composer.scorer)
