"""What a cell's numbers depend on, by name; when one of them changes, a finished cell is stale."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from cir_bench.runs.cell import Cell
from cir_bench.runs.code import changed_code, code_ingredients
from cir_bench.runs.workbench import Workbench

IMAGES = {
    "data.images": "the images of the evaluation",
    "encoder.images": "what the encoder reads of the images of the evaluation",
    "train.images": "the images of the train split",
}
HARNESS_RESULTS = "2"
"""To be raised when a change of the harness itself (training, retrieval, metrics) changes numbers."""


def ingredients(cell: Cell, bench: Workbench) -> dict[str, str]:
    """All ingredients; loads the data set and the encoder, unless the workbench has them."""
    evaluation = bench.data.evaluation(cell)
    problems = {"data.problems": " ".join(evaluation.problems)} if evaluation.problems else {}
    return {
        **training_ingredients(cell, bench),
        **bench.images.of_evaluation(cell),
        "data.missing": str(len(evaluation.missing)),
        **problems,
    }


def training_ingredients(cell: Cell, bench: Workbench) -> dict[str, str]:
    """Those that training depends on: all but what is known of the evaluation."""
    provenance = bench.datasets.provenance(cell)
    problems = bench.datasets.train_problems(cell) if cell.reads_triplets else ()
    described = bench.datasets.described(cell).provenance() if cell.described else {}
    return {
        "harness.results": HARNESS_RESULTS,
        **cell.static_ingredients(),
        **code_ingredients(cell),
        **encoder_ingredients(cell, bench),
        **{f"data.{name}": value for name, value in provenance.items()},
        **{f"{cell.borrowed_as}.{name}": value for name, value in described.items()},
        **bench.images.of_training(cell),
        **({"train.problems": " ".join(problems)} if problems else {}),
    }


def encoder_ingredients(cell: Cell, bench: Workbench) -> dict[str, str]:
    """Those of the loaded encoder; none if the method reads nothing of it."""
    if not cell.needs.features:
        return {}
    encoder = bench.encoders.frozen(cell)
    return {
        "encoder.weights": bench.encoders.weights_digest(cell),
        "encoder.preprocess": encoder.preprocess,
        "encoder.code": encoder.version,
    }


def fingerprint(found: Mapping[str, str], seed: int) -> str:
    """Hex digest of all ingredients and the seed."""
    return hashlib.sha256(json.dumps([dict(sorted(found.items())), seed]).encode()).hexdigest()


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """What differs, as in ``training.epochs 30 → 5`` or ``images of the evaluation changed``."""
    names = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    return [_change(name, before.get(name), now.get(name)) for name in names]


def _change(name: str, before: str | None, now: str | None) -> str:
    if code := changed_code(name, before or "", now or ""):
        return code
    if what := IMAGES.get(name):
        return f"{what} {'changed' if before and now else 'are not in the record' if now else 'are not read any more'}"
    return f"{name} {_short(before)} → {_short(now)}"


def _short(value: str | None) -> str:
    if value is None:
        return "absent"
    return value if len(value) <= 24 else f"{value[:12]}…"
