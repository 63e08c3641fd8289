"""Published weights in place of training: a cell's file is read into its method."""

from __future__ import annotations

from collections.abc import Mapping

from cir_bench.errors import DataError, printable
from cir_bench.plugin.published import load_content
from cir_bench.plugin.registry import blame
from cir_bench.records.models import WeightsFacts
from cir_bench.runs.assembly import AssembledCell
from cir_bench.runs.status import CHECKPOINTS
from cir_bench.seals import file_digest
from cir_bench.training.checkpoints import FINAL, Checkpoints
from cir_bench.utils.weights import REMARK, TRAINING_DATA, read_metadata, read_weights

MOST_NAMES = 20


def load_published(assembled: AssembledCell) -> WeightsFacts:
    """Load the cell's published weights, and keep them as those of a training are kept.

    Raises:
        DataError: the file cannot be read, or its weights do not fit.
    """
    cell, method = assembled.cell, assembled.method
    file, layout = cell.weights, cell.method.spec.published
    assert file is not None
    assert layout is not None
    content, said = read_weights(file.path), read_metadata(file.path)
    if file_digest(file.path) != file.digest:
        raise DataError(f"{file.path} changed while it was read; run the cell again.")
    with blame(cell.method, "reading published weights"):
        try:
            entry = load_content(method, layout, content, cell.key.encoder)
        except DataError as error:
            raise DataError(f"{file.path} {error}") from error
    weights = assembled.trainee.modules(with_encoders=False).state_dict()
    Checkpoints(assembled.folder / CHECKPOINTS, "").write_weights(FINAL, weights)
    remark = printable(said.get(REMARK, ""))
    return WeightsFacts(
        file=file.path.name,
        sha256=file.digest,
        entry=entry,
        caution=f"its file says: {remark}" if remark else layout.caution,
        training_data=_names(said),
    )


def _names(said: Mapping[str, str]) -> tuple[str, ...]:
    """What the file says that it was trained on."""
    names = (printable(name) for name in said.get(TRAINING_DATA, "").split(","))
    return tuple(dict.fromkeys(filter(None, names)))[:MOST_NAMES]
