"""The weights of a finished cell alone, in the layout in which the authors of its method publish theirs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from cir_bench.atomic import replacing
from cir_bench.errors import ConfigError, unwritable
from cir_bench.interfaces.published import PublishedWeights
from cir_bench.plugin.published import published_state
from cir_bench.plugin.registry import Registry
from cir_bench.records.record import RunRecord
from cir_bench.runs.assembly import restore
from cir_bench.runs.recorded import cell_of
from cir_bench.runs.workbench import Workbench
from cir_bench.search.model import check_current, finished_record
from cir_bench.utils.weights import REMARK, TRAINING_DATA
from cir_bench.version import __version__

SUFFIX = ".safetensors"


def export_weights(run: Path, to: Path, registry: Registry, data_root: Path | None, cache_dir: Path) -> None:
    """Write the weights of a finished cell's method into the file ``to``, which ``run --weights`` reads.

    The file says of itself what the weights were trained on.

    Raises:
        ConfigError: ``to`` exists or is no ``.safetensors`` file; or the method's plugin does not say how its weights
            are saved, the encoder was trained with it, or nothing was.
        CirBenchError: errors of `finished_record` and `check_current`; or the weights were not kept.
        StorageError: it cannot be written.
    """
    if to.suffix != SUFFIX:
        raise ConfigError(f"--weights {to}: name a new file that ends in {SUFFIX}.")
    if to.exists():
        raise ConfigError(f"--weights {to}: the file exists; name a new one.")
    record, folder = finished_record(run)
    cell, layout = cell_of(record, registry), published_layout(record, registry)
    bench = Workbench(data_root, cache_dir, torch.device("cpu"))
    check_current(cell, record, bench)
    assembled = restore(cell, bench, registry, folder)
    try:
        with replacing(to) as temporary:
            save_weights(published_state(assembled.method, layout), temporary, _metadata(record))
    except OSError as error:
        raise unwritable(f"the weights {to}", error) from error


def save_weights(weights: Mapping[str, Tensor], path: Path, metadata: dict[str, str] | None = None) -> None:
    """Write tensors as safetensors, readable for whom other new files are; `OSError` if they cannot be written."""
    path.write_bytes(save({name: one.detach().cpu().contiguous().clone() for name, one in weights.items()}, metadata))


def published_layout(record: RunRecord, registry: Registry) -> PublishedWeights:
    """How the weights of a finished cell's method are published; `ConfigError` if they cannot be written alone."""
    name = record.cell.method
    layout = registry.method(name).spec.published
    if layout is None or layout.convert is not None:
        why = "does not say how weights of it are published" if layout is None else "converts what it reads, one way"
        raise ConfigError(f"the plugin of method {name!r} {why}; use --to, which writes a model folder.")
    if not record.history:
        raise ConfigError(f"the cell of method {name!r} was not trained here, so it has no weights to write.")
    if record.encoder is not None and record.encoder.trained:
        raise ConfigError(
            f"the encoder was trained with the method {name!r}, and these weights would be without it; "
            "use --to, which writes both."
        )
    return layout


def _metadata(record: RunRecord) -> dict[str, str]:
    """What the file says of itself."""
    selection = record.selection
    chosen = f", checkpoint chosen on {selection.on}" if selection is not None else ""
    remark = f"trained by cir-bench {__version__} on {record.cell.benchmark}, seed {record.cell.seed}{chosen}"
    return {TRAINING_DATA: ",".join(record.training_data), REMARK: remark}
