"""`Model`: a finished cell's record, weights and fitted encoder; and the cell that they make here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from cir_bench.errors import ConfigError, RunError
from cir_bench.interfaces.encoder import Encoder
from cir_bench.plugin.registry import Registry, load
from cir_bench.records.record import RECORD_FILE, RunRecord, read_record
from cir_bench.runs.assembly import AssembledCell, assemble, restore, with_weights
from cir_bench.runs.cell import Cell
from cir_bench.runs.code import changed_model_code
from cir_bench.runs.ingredients import HARNESS_RESULTS, changes, encoder_ingredients
from cir_bench.runs.recorded import cell_of
from cir_bench.runs.workbench import Workbench


@dataclass(frozen=True)
class Model:
    """What is needed to answer queries as a finished cell did.

    Attributes:
        record: the cell's.
        weights: of its method and, if they were trained, of its encoders, by the names of a checkpoint.
        fitted: what its encoder was fitted to (`Encoder.extra_state`).
    """

    record: RunRecord
    weights: Mapping[str, Tensor]
    fitted: Mapping[str, Any]


def finished_record(run: Path) -> tuple[RunRecord, Path]:
    """The record of a finished cell that can be searched with, and its folder; ``run`` is the folder or the record.

    Raises:
        ConfigError: there is no record, the cell failed, or its encoder reads no pixels.
        DataError: the record is damaged.
    """
    path = run if run.name == RECORD_FILE else run / RECORD_FILE
    if not path.is_file():
        raise ConfigError(
            f"{run} has no {RECORD_FILE}: it is not the folder of a finished cell; name one, such as "
            "runs/cells/BENCHMARK/…/seed-0, or run the cell to its end first."
        )
    record = read_record(path)
    if record.status != "done":
        raise ConfigError(f"the cell in {path.parent} failed, so there is no model; run it again with --retry-failed.")
    return record, path.parent


def model_of(run: Path, registry: Registry, bench: Workbench) -> tuple[Model, AssembledCell]:
    """The model that a finished cell left in its folder, put together; ``bench`` has the data of fitted encoders.

    Raises:
        CirBenchError: errors of `finished_record` and `check_current`; or the weights are damaged, or were not kept.
    """
    record, folder = finished_record(run)
    cell = searchable_cell(record, registry)
    check_current(cell, record, bench)
    try:
        assembled = restore(cell, bench, registry, folder)
    except RunError as error:
        said = str(error).rstrip(".")
        remedy = "" if "run the cell again" in said else "; run the cell again"
        raise RunError(f"{said}{remedy}.") from error
    weights = assembled.trainee.modules(with_encoders=bool(assembled.trainee.encoders)).state_dict()
    encoder = bench.encoders.frozen(cell)
    return Model(record, weights, dict(encoder.extra_state())), assembled


def assembled_model(model: Model, registry: Registry, bench: Workbench, place: Path) -> AssembledCell:
    """A model that was read from ``place``, put together; ``bench`` is fitted to ``model.fitted``.

    Raises:
        CirBenchError: as of `check_current`; or the weights do not fit.
    """
    cell = searchable_cell(model.record, registry)
    check_current(cell, model.record, bench)
    return with_weights(assemble(cell, bench, registry, place), model.weights, place)


def searchable_cell(record: RunRecord, registry: Registry) -> Cell:
    """The cell of a record; `ConfigError` if it reads no images, or its encoder cannot read those of the user."""
    cell = cell_of(record, registry)
    if not cell.needs.features:
        raise ConfigError(
            f"{cell.key.method!r} looks at no image, so nothing can be searched with it; use another method."
        )
    if cell.encoder.spec.pixel_free:
        read = "captions instead of images"
    elif load(cell.encoder).image_digest is not Encoder.image_digest:
        read = "features of the benchmark's images from a file"
    else:
        return cell
    raise ConfigError(
        f"encoder {record.cell.encoder!r} reads {read}, so other images cannot be searched with it; "
        "run the method with an encoder that reads pixels."
    )


def check_current(cell: Cell, record: RunRecord, bench: Workbench) -> None:
    """`RunError` if what is installed here would embed otherwise than the cell did: other code, another encoder."""
    now = {
        "harness.results": HARNESS_RESULTS,
        **{name: value for name, value in cell.static_ingredients().items() if not name.startswith("dataset.")},
        **encoder_ingredients(cell, bench),
    }
    before = {name: value for name, value in record.ingredients.items() if name in now}
    different = [*changed_model_code(cell, record.ingredients), *changes(before, now)]
    if different:
        shown = "; ".join(different[:2])
        raise RunError(
            f"the model of {record.cell.method!r} is not what was measured any more ({shown}); restore the versions "
            "that it was trained with, or run the cell again."
        )
