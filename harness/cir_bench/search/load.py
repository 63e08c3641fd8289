"""`load`: a `Retriever` out of a model folder or a finished cell."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.plugin.registry import Registry
from cir_bench.protocols.protocol import Protocol
from cir_bench.runs.device import choose_device
from cir_bench.runs.workbench import Workbench
from cir_bench.search.engine import Engine
from cir_bench.search.folder import MODEL_FILE, read_model, refuse_used, write_model
from cir_bench.search.model import assembled_model, model_of
from cir_bench.search.retriever import Retriever
from cir_bench.search.winner import choose_cell

CACHE = Path("~/.cache/cir-bench")


def load(
    where: str | Path,
    *,
    device: str = "auto",
    plugins: Sequence[str | Path] = (),
    data_root: str | Path | None = None,
    cache_dir: str | Path = CACHE,
) -> Retriever:
    """A trained model, ready to search.

    Args:
        where: a folder that ``cir-bench export`` wrote, the folder (or ``record.json``) of a finished cell, or a folder
            with several finished cells of one benchmark, whose best is taken.
        device: auto, cpu, cuda, cuda:N or mps.
        plugins: single-file plugins that the model needs; installed ones are found.
        data_root: as ``--data-root``; only needed for a cell whose encoder was fitted to its data set's texts.
        cache_dir: for derived files.

    Raises:
        ConfigError: it is none of these, the cell failed, or its encoder reads no pixels.
        DataError: a file is damaged.
        RunError: encoder or method are not what was measured any more, or the weights were not kept.
    """
    registry = load_plugins(PluginOptions(files=tuple(map(Path, plugins))))
    root = Path(data_root).expanduser() if data_root is not None else None
    return Retriever(open_model(Path(where), registry, choose_device(device), root, Path(cache_dir).expanduser()))


def open_model(
    where: Path, registry: Registry, device: torch.device, data_root: Path | None, cache_dir: Path
) -> Engine:
    """As :func:`load`, with plugins that are loaded already."""
    where = choose_cell(where, registry).folder
    if (where / MODEL_FILE).is_file():
        model = read_model(where)
        bench = Workbench(data_root, cache_dir, device, fitted=model.fitted)
        return Engine(assembled_model(model, registry, bench, where), model)
    model, assembled = model_of(where, registry, Workbench(data_root, cache_dir, device))
    return Engine(assembled, model)


def export(run: Path, to: Path, registry: Registry, data_root: Path | None, cache_dir: Path) -> Protocol:
    """Write the model of a finished cell into the folder ``to``; errors as of :func:`load` and `write_model`."""
    refuse_used(to)  # before the model is put together, which takes long
    run = choose_cell(run, registry).folder
    model, assembled = model_of(run, registry, Workbench(data_root, cache_dir, torch.device("cpu")))
    write_model(model, assembled.cell, to)
    return assembled.cell.protocol
