"""What methods have to show of their queries: a finished cell is loaded again, and its composer is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from cir_bench.errors import CirBenchError, RunError
from cir_bench.features.live import MAIN
from cir_bench.features.source import FeatureSource
from cir_bench.inference.embed import embed_gallery
from cir_bench.inference.gallery import GalleryForQueries
from cir_bench.interfaces.composer import Composer, GalleryView
from cir_bench.interfaces.explanation import Explanation, ImageMap, NamedWeights, NeighbourWeights
from cir_bench.plugin.registry import Registry, blame
from cir_bench.protocols.eval_set import EvalPart, EvalQuery
from cir_bench.records.record import RunRecord
from cir_bench.retrieval.index import rows_by_id
from cir_bench.runs.cell import Cell
from cir_bench.runs.ingredients import changes, ingredients
from cir_bench.runs.sources import CellSources
from cir_bench.runs.trained import load_trained
from cir_bench.runs.workbench import Workbench


@dataclass(frozen=True)
class Shown:
    """One explanation of one query.

    Attributes:
        title: what it is.
        note: how to read it.
        map: ``[H, W]`` over the reference image, or None.
        neighbours: ids of candidates with their weights.
        weights: names with their weights.
    """

    title: str
    note: str
    map: NDArray[np.float64] | None = None
    neighbours: Sequence[tuple[str, float]] = ()
    weights: Sequence[tuple[str, float]] = ()


def explanations(
    cell: Cell,
    record: RunRecord,
    folder: Path,
    bench: Workbench,
    registry: Registry,
    asked: Mapping[str, Sequence[EvalQuery]],
) -> dict[str, list[Shown]]:
    """By query id what the cell's composer has to show of it; empty for a composer that shows nothing.

    A query of several texts is explained by its first.

    Args:
        cell: the cell.
        record: what it was when it ran.
        folder: where its record lies.
        bench: its data and encoder.
        registry: for the parts of its method.
        asked: queries by part.

    Raises:
        RunError: the cell is stale, or its weights were not kept: what would be explained is not what was measured.
    """
    different = changes(record.ingredients, ingredients(cell, bench))
    if different:
        raise RunError(f"it is stale ({'; '.join(different[:2])})")
    method, encoders = load_trained(cell, bench, registry, folder)
    composer = method.composer
    scratch = bench.cache_dir / "report"
    live = CellSources(cell, bench, encoders or {MAIN: bench.frozen_encoder(cell)}, scratch).for_evaluation(True)
    gallery_source = live if encoders else None
    found: dict[str, list[Shown]] = {}
    with torch.inference_mode(), blame(cell.method, "explaining queries"):
        for part, queries in asked.items():
            if not queries:
                continue
            view = bench.evaluation(cell).parts[part]
            gallery = None
            if composer.uses_gallery:
                gallery = _gallery(composer, gallery_source or bench.eval_source(cell), view, queries)
            reference = live.images([query.reference for query in queries])
            made = composer.explain(reference, live.texts([query.texts[0] for query in queries]), gallery)
            for explanation in made:
                _check(explanation, len(queries))
                for place, query in enumerate(queries):
                    found.setdefault(query.id, []).append(_of_query(explanation, place, view))
    return found


def _gallery(composer: Composer, source: FeatureSource, view: EvalPart, queries: Sequence[EvalQuery]) -> GalleryView:
    embedded = embed_gallery(composer, source, view.gallery).to(dtype=torch.float32)
    row_of = rows_by_id(view.gallery)
    excluded = [[row_of[image] for image in view.truth[query.id].excluded if image in row_of] for query in queries]
    return GalleryForQueries(embedded, embedded.joint(), excluded)


def _check(explanation: Explanation, count: int) -> None:
    if len(explanation) != count:
        raise RunError(f"explain gave {len(explanation)} values of {explanation.title!r} for {count} queries.")


def _of_query(explanation: Explanation, place: int, view: EvalPart) -> Shown:
    values = explanation.values[place].detach().cpu().double().numpy()
    title, note = explanation.title, explanation.note
    if isinstance(explanation, ImageMap):
        return Shown(title, note, map=values)
    if isinstance(explanation, NeighbourWeights):
        assert explanation.rows is not None
        rows = explanation.rows[place].tolist()
        return Shown(
            title, note, neighbours=[(view.gallery[row], float(v)) for row, v in zip(rows, values, strict=True)]
        )
    if isinstance(explanation, NamedWeights):
        return Shown(title, note, weights=[(name, float(v)) for name, v in zip(explanation.names, values, strict=True)])
    raise RunError(
        f"explain gave {type(explanation).__name__}; it must give ImageMap, NeighbourWeights or NamedWeights."
    )


def why_not(error: CirBenchError) -> str:
    """The reason on one line, without a full stop."""
    return " ".join(str(error).split()).rstrip(".")
