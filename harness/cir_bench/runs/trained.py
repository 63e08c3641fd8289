"""A cell's method and encoders: new ones, and those of a finished cell with the weights that training left."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import nn

from cir_bench.errors import RunError
from cir_bench.features.live import MAIN
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.method import Method
from cir_bench.plugin.build import build_method
from cir_bench.plugin.registry import Registry
from cir_bench.runs.cell import Cell
from cir_bench.runs.workbench import Workbench
from cir_bench.training.checkpoints import kept_weights
from cir_bench.training.seeding import derive_seed, seed_torch

CHECKPOINTS = "checkpoints"
"""The folder beside a record with the weights of the chosen epoch."""


def new_method(cell: Cell, bench: Workbench, registry: Registry) -> Method:
    """The cell's method with its initial weights, on the workbench's device."""
    seed_torch(cell.key.seed, "initial weights")
    shape = bench.frozen_encoder(cell).shape
    return build_method(cell.method, cell.method_params, registry, shape).to(bench.device)


def new_encoders(cell: Cell, bench: Workbench, method: Method) -> dict[str, Encoder]:
    """Encoder copies of the cell's own, by branch, with their initial weights."""
    branches = tuple(method.branches) or (MAIN,)
    return {branch: bench.new_encoder(cell, derive_seed(cell.key.seed, "encoder", branch)) for branch in branches}


def load_trained(
    cell: Cell, bench: Workbench, registry: Registry, folder: Path
) -> tuple[Method, Mapping[str, Encoder]]:
    """Method and encoders (empty: frozen ones) of a finished cell, in evaluation mode.

    Args:
        cell: the cell.
        bench: its encoder and data.
        registry: for the composers and losses of the method.
        folder: where its record lies.

    Raises:
        RunError: weights were trained and not kept, or do not fit the method as it is now.
    """
    method = new_method(cell, bench, registry)
    weights = kept_weights(folder / CHECKPOINTS)
    encoders: dict[str, Encoder] = {}
    if weights is not None:
        if any(not name.startswith("method.") for name in weights):
            encoders = new_encoders(cell, bench, method)
        modules: dict[str, nn.Module] = {"method": method, **{f"encoder-{name}": one for name, one in encoders.items()}}
        try:
            nn.ModuleDict(modules).load_state_dict(weights)
        except RuntimeError as error:
            raise RunError(f"the weights in {folder / CHECKPOINTS} are of another version of the method") from error
    elif any(parameter.requires_grad for parameter in method.parameters()):
        raise RunError(f"the weights of the cell were not kept in {folder / CHECKPOINTS}")
    for module in (method, *encoders.values()):
        module.eval().requires_grad_(False)
    return method, encoders
