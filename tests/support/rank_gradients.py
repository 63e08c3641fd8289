"""One of several ranks: gradients of every built-in method with trained encoders, alone (in the first) and together.

``python rank_gradients.py FOLDER METHOD…`` with RANK and WORLD_SIZE set; ranks meet in a file in FOLDER. Writes
``FOLDER/RANK.json``: by method, the largest relative difference to one process of any gradient and any buffer.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from cir_bench.interfaces.specs import MethodSpec
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.plugin.registry import Registry
from cir_bench.ranks.batchnorm import share_batch_norm
from cir_bench.ranks.group import ALONE
from cir_bench.ranks.join import joined
from cir_bench.runs.assembly import assemble
from cir_bench.runs.cell import Cell
from cir_bench.runs.request import RunRequest
from cir_bench.runs.resolve import resolve
from cir_bench.runs.workbench import Workbench
from cir_bench.testing import generated
from cir_bench.training.batches import TrainSet
from cir_bench.training.epoch import StageRun
from cir_bench.training.optimisers import RunningOptimiser, make_optimisers

TRIPLETS = 7
"""In one batch: not a multiple of 2 or 3."""
SETTINGS = {
    "training": {"encoder": "train", "batch_size": TRIPLETS, "epochs": 1},
    "sadn": {"neighbours": 3},
    "rerank": {"second": {"encoder": "train", "batch_size": TRIPLETS, "epochs": 1}},
    "combiner": {"finetune": {"encoder": "train", "batch_size": TRIPLETS, "epochs": 1}},
    "encoder": {"dropout": 0.0, "flip": True, "image_size": 32, "width": 32, "word_width": 16, "lstm_width": 32},
}
TOKENS = "tgcir"
"""It needs tokens of images."""


def outcome(cell: Cell, registry: Registry, bench: Workbench, folder: Path) -> dict[str, Tensor]:
    """Gradients of every stage's first batch by name, and the buffers after it."""
    assembled = assemble(cell, bench, registry, folder)
    trainee, ranks = assembled.trainee, bench.ranks
    modules = trainee.modules(with_encoders=True)
    found: dict[str, Tensor] = {}
    for number, stage in enumerate(trainee.method.stages()):
        live = trainee.trains_encoder(stage.training)
        for encoder in trainee.encoders.values():
            encoder.requires_grad_(live)
            share_batch_norm(ranks, encoder)
        encoders = trainee.encoders if live else {}
        assert encoders, f"{cell.key.name}: stage {stage.name} does not train the encoder"
        examples = bench.data.descriptions(cell) if stage.descriptions else bench.data.train(cell).triplets(0)
        few = slice(0, None, len(examples) // TRIPLETS)  # of different references
        some = TrainSet(examples.triplets[few][:TRIPLETS], examples.texts[few][:TRIPLETS], examples.side_texts)
        optimisers = make_optimisers(
            trainee.method.optimisers(stage, encoders), stage.training, assembled.computation.scaler
        )
        run = StageRun(
            number,
            stage,
            trainee.method,
            encoders,
            assembled.sources.live(),
            {name: Noted(one, name, number, modules, found) for name, one in optimisers.items()},
            None,
            assembled.computation,
        )
        run.train(0, some)
    buffers = {f"buffer {name}": tensor for name, tensor in modules.named_buffers()}
    return found | {name: tensor.detach().clone() for name, tensor in buffers.items()}


class Noted(RunningOptimiser):
    """Notes its gradients instead of taking a step."""

    def __init__(self, one: RunningOptimiser, name: str, stage: int, modules, found: dict[str, Tensor]) -> None:
        super().__init__(one.torch_optimiser, one.base_lrs, one.parameters, one.scaler)
        self._name, self._stage, self._modules, self._found = name, stage, modules, found

    def step(self, lr_factor: float, clip_norm: float | None) -> None:
        own = {id(parameter) for parameter in self.parameters}
        for name, parameter in self._modules.named_parameters():
            if id(parameter) in own and parameter.grad is not None:
                self._found[f"{self._stage} {self._name} {len(self._found)} {name}"] = parameter.grad.clone()
        self.torch_optimiser.zero_grad(set_to_none=True)


def difference(alone: dict[str, Tensor], together: dict[str, Tensor]) -> dict[str, object]:
    """How far they are apart, and how much was compared."""
    assert alone.keys() == together.keys(), alone.keys() ^ together.keys()
    worst, where = 0.0, ""
    for name, tensor in alone.items():
        one, other = tensor.double(), together[name].double()
        apart = float((one - other).abs().max() / one.abs().max().clamp_min(1e-3)) if one.numel() else 0.0
        if apart > worst:
            worst, where = apart, name
    of_encoders = sum("encoder-" in name and "buffer" not in name for name in alone)
    return {"worst": worst, "where": where, "tensors": len(alone), "of_encoders": of_encoders}


def main(folder: Path, methods: Sequence[str]) -> None:
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    registry = load_plugins(PluginOptions(third_party=False, files=(generated.FILE,)))
    others = tuple(name for name in registry.all(MethodSpec) if name != TOKENS)
    where = {"benchmarks": (generated.NAME,), "out": folder}
    requests = [
        RunRequest(methods=others, encoders=("cnn-lstm",), settings=SETTINGS, **where),
        RunRequest(methods=(TOKENS,), encoders=("tiny",), settings={"training": SETTINGS["training"]}, **where),
    ]
    cells = [cell for request in requests for cell in resolve(request, registry) if cell.key.method in methods]
    found: dict[str, object] = {}
    with joined(f"file://{folder}/meeting") as ranks, tempfile.TemporaryDirectory() as cache:
        benches = [Workbench(None, Path(cache), torch.device("cpu"), ranks=group) for group in (ALONE, ranks)]
        for cell in cells:
            file = folder / f"{cell.key.method}.safetensors"
            if ranks.number == 0:  # the others wait for it in their first step together
                save_file(outcome(cell, registry, benches[0], folder), file)
            together = outcome(cell, registry, benches[1], folder)
            found[cell.key.method] = difference(load_file(file), together)
    (folder / f"{ranks.number}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    os.environ |= {"MASTER_ADDR": "localhost", "MASTER_PORT": "0"}
    main(Path(sys.argv[1]), sys.argv[2:])
