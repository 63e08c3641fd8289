"""The training loop next to a bare one: how much longer an epoch on cached features takes.

    python benchmarks/speed/loop.py
    python benchmarks/speed/loop.py --sizes css --methods tirg --repeat 9 --threads 1 --json

The bare loop below has the same composer, loss, optimiser, features and batches, and nothing else: no names, no events,
no seeds, no logs. Both train an epoch in turn, and a row is the median of the ratios of such pairs, so what else the
machine does hardly counts. Features are random; checkpoints and held-out scores, which a bare loop has not, are left
out. Times are of the processor with one thread and of the clock otherwise.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cir_bench import CellKey, EncoderShape, FeatureShape, Method, StandardMethod, Triplet
from cir_bench.config import merge
from cir_bench.features.source import MAIN, CachedSource, Tables
from cir_bench.features.store import RowLocations
from cir_bench.features.table import FeatureTable
from cir_bench.interfaces.features import Features
from cir_bench.interfaces.spec_params import make_params
from cir_bench.plugin.build import build_method
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.training.batches import TrainSet
from cir_bench.training.epoch import StageRun, TrainedEpoch
from cir_bench.training.optimisers import make_optimisers
from cir_bench.training.parts import Computation

CELL = CellKey(method="loop", benchmark="noise", protocol="none@1", encoder="random", track="controlled", seed=0)
METHODS = ("tirg", "combiner")


@dataclass(frozen=True)
class Size:
    """Triplets over images, each with ``texts`` texts of which one is drawn per epoch."""

    triplets: int
    images: int
    texts: int


SIZES = {"css": Size(9_566, 10_500, 1), "fashioniq": Size(18_000, 25_000, 4)}


@dataclass(frozen=True)
class Timing:
    """Medians over the pairs."""

    method: str
    size: str
    seconds: float
    """An epoch of cir-bench."""
    bare: float
    """An epoch of the bare loop."""
    ratio: float


class Task:
    """A method with features of ``width`` in tables."""

    def __init__(self, method: str, size: Size, width: int, batch: int, device: torch.device) -> None:
        rng = np.random.default_rng(0)
        pairs = rng.integers(0, size.images, (size.triplets, 2))
        texts = [tuple(f"text {i} {n}" for n in range(size.texts)) for i in range(size.triplets)]
        triplets = [Triplet(f"image {a}", texts[i], f"image {b}") for i, (a, b) in enumerate(pairs)]
        self.train = TrainSet(triplets, texts)
        self.images = rng.standard_normal((size.images, width), dtype=np.float32)
        self.words = rng.standard_normal((size.triplets * size.texts, width), dtype=np.float32)
        self.pairs = torch.from_numpy(pairs).to(device)
        self.size, self.batch, self.device = size, batch, device
        self._method, self._width = method, width
        self.settings: dict[str, Any] = {}
        """Parameters of the method, on top of its recipe."""

    def make(self) -> Method:
        """The method with new weights, in its css recipe."""
        registry = load_plugins(PluginOptions(third_party=False))
        registered = registry.method(self._method)
        budget = {"training": {"batch_size": self.batch, "epochs": 1000}}
        recipe = merge(registered.spec.controlled["css"], budget, self.settings)
        widths = FeatureShape(pooled=self._width)
        torch.manual_seed(0)
        shape = EncoderShape(widths, widths)
        return build_method(registered, make_params(registered.spec, recipe), registry, shape).to(self.device)

    def harness(self) -> Callable[[int], TrainedEpoch]:
        """An epoch of cir-bench."""
        method = self.make()
        stage = method.stages()[-1]
        names = [f"image {i}" for i in range(self.size.images)]
        texts = [text for several in self.train.texts for text in several]
        tables = Tables(table(names, self.images), table(texts, self.words))
        for one in (tables.images, tables.texts):
            one.preload(self.device)
        computation = Computation(CELL, self.device, "float32", lambda event: None)
        running = StageRun(
            0,
            stage,
            method,
            {},
            CachedSource({MAIN: tables}, self.device),
            make_optimisers(method.optimisers(stage, {}), stage.training, computation.scaler),
            None,
            computation,
        )
        return lambda epoch: running.train(epoch, self.train)

    def bare(self) -> Callable[[int], object]:
        """An epoch of the loop that one would write for this method alone."""
        method = self.make().train()
        assert isinstance(method, StandardMethod)
        training = method.params.training
        (loss,) = method.losses.values()
        optimiser = torch.optim.Adam(
            method.parameters(), lr=training.lr, weight_decay=training.weight_decay, fused=True
        )
        images, words = (torch.from_numpy(one).to(self.device) for one in (self.images, self.words))
        reference, target = self.pairs.unbind(dim=1)
        texts, batch, composer = self.size.texts, self.batch, method.composer

        def epoch(number: int) -> float:
            order = torch.randperm(len(reference)).to(self.device)
            drawn = order * texts + torch.randint(texts, (len(order),)).to(self.device)
            total = torch.zeros((), device=self.device)
            for at in range(0, len(order) - batch + 1, batch):
                rows, text = order[at : at + batch], drawn[at : at + batch]
                query = composer.compose(pooled(images, reference[rows]), pooled(words, text))
                candidates = composer.embed_target(pooled(images, target[rows]))
                same: Tensor = target[rows][:, None] == target[rows][None, :]
                value = loss(query, candidates, same)
                value.backward()
                optimiser.step()
                optimiser.zero_grad()
                total += value.detach()
            return total.item()

        return epoch


def pooled(table: Tensor, rows: Tensor) -> Features:
    return Features(pooled=table.index_select(0, rows))


def table(names: Sequence[str], rows: np.ndarray[Any, Any]) -> FeatureTable:
    """As the cache gives it, in memory."""
    count = len(names)
    places = RowLocations(np.zeros(count, dtype=np.int64), np.arange(count), [{"pooled": rows}])
    return FeatureTable({name: row for row, name in enumerate(names)}, {"pooled": places})


def compare(method: str, size: str, args: argparse.Namespace) -> Timing:
    """Train both in turn; which one begins changes from pair to pair."""
    device = torch.device(args.device)
    clock = time.process_time if args.threads == 1 and device.type == "cpu" else time.perf_counter
    task = Task(method, SIZES[size], args.width, args.batch, device)
    loops = {"seconds": task.harness(), "bare": task.bare()}
    times: dict[str, list[float]] = {name: [] for name in loops}
    for number in range(args.repeat + 1):
        for name in sorted(loops, reverse=number % 2 == 1):
            begun = clock()
            loops[name](number)
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            times[name].append(clock() - begun)
    ours, theirs = (times[name][1:] for name in ("seconds", "bare"))  # the first pair warms up
    ratio = median(a / b for a, b in zip(ours, theirs, strict=True))
    return Timing(method, size, median(ours), median(theirs), ratio)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--width", type=int, default=128, help="of the features; the wider, the less the loop counts")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--repeat", type=int, default=7, help="pairs of epochs")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", action="store_true", help="a list of measurements instead of a table")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    found = [compare(method, size, args) for size in args.sizes for method in args.methods]
    if args.json:
        print(json.dumps([asdict(one) for one in found], indent=2))
        return
    print(f"{'method':10}{'size':>11}{'s/epoch':>10}{'bare':>10}{'ratio':>8}")
    for one in found:
        print(f"{one.method:10}{one.size:>11}{one.seconds:10.3f}{one.bare:10.3f}{one.ratio:8.2f}")


if __name__ == "__main__":
    main()
