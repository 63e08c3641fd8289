"""The memory of a run over four benchmarks, whose token features are let go when no later cell reads them.

    OMP_NUM_THREADS=1 python benchmarks/speed/memory.py
    python benchmarks/speed/memory.py --images 8000 --seeds 2 --json

Each benchmark has images of its own; a tenth of them is the gallery. A method that reads ``--tokens`` tokens of each
is trained for an epoch and evaluated on each of the four, with ``--seeds`` seeds, in one run. A row is the resident set
when a cell begins, by which time the one before has been let go, and when the run ends; the tables in memory are beside
it. This file is also the plugin: features are random.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import torch
from tabulate import tabulate
from torch import Tensor, nn

import cir_bench as cb
from cir_bench.records.load import read_records

CIR_BENCH_API = 1
BENCHMARKS = 4
WIDTH = 64
FOLDER, IMAGES, TOKENS = "MEMORY_FOLDER", "MEMORY_IMAGES", "MEMORY_TOKENS"
"""Variables by which the script tells the plugin what it was asked for."""
PROTOCOL = {
    "description": "random pixels",
    "split": "test",
    "gallery": "split",
    "reference": "kept",
    "query_text": "single",
    "train_text": "joined",
    "metrics": ["R@10"],
    "headline": {"name": "R@10", "mean_of": ["R@10"]},
}
RESIDENT: list[tuple[str, float]] = []
"""What the hooks below saw: when, and the resident set in MiB."""


class Noise(cb.Dataset):
    """Images without pixels, and texts of two words."""

    number: ClassVar[int] = 0

    def __init__(self, params: cb.Params, context: cb.Context) -> None:
        del params, context
        names = [f"{self.number}-{place}" for place in range(int(os.environ[IMAGES]))]
        self._of = {"test": names[::10], "train": [name for place, name in enumerate(names) if place % 10]}

    def train(self) -> Sequence[cb.Triplet]:
        """Neighbours, in both orders."""
        return [cb.Triplet(reference, (text,), target) for reference, text, target in self._pairs("train")]

    def queries(self, split: str) -> Sequence[cb.Query]:
        """As the triplets."""
        pairs = enumerate(self._pairs(split))
        return [cb.Query(f"{split}-{place}", one, (text,), (other,)) for place, (one, text, other) in pairs]

    def gallery(self, split: str, part: str = "") -> Sequence[str]:
        """The images of the split."""
        return self._of[split]

    def open(self, image_id: str) -> Any:
        """Nothing reads pixels."""
        raise NotImplementedError(image_id)

    def digest(self, image_id: str) -> str:
        """The name, since there are no pixels."""
        return f"noise-{image_id}"

    def has(self, image_id: str) -> bool:
        """All are there."""
        return True

    def _pairs(self, split: str) -> Iterator[tuple[str, str, str]]:
        names = self._of[split]
        for place, (one, other) in enumerate(pairwise(names)):
            yield one, f"word{place % 50} word{place % 7}", other


KINDS = [type(f"Noise{number}", (Noise,), {"number": number}) for number in range(BENCHMARKS)]
globals().update({kind.__name__: kind for kind in KINDS})


class Tokens(cb.Encoder):
    """Random tokens of an image, and one of a text."""

    def __init__(self, params: cb.Params, context: cb.Context) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))
        shape = cb.FeatureShape(pooled=WIDTH, tokens=WIDTH)
        self.shape = cb.EncoderShape(shape, shape)

    def image_item(self, image: cb.ImageRef, *, train: bool = False) -> Tensor:
        """A seed."""
        del train
        return torch.tensor(zlib.crc32(image.id.encode()))

    def encode_images(self, items: Sequence[Any], levels: cb.Levels) -> cb.Features:
        """As many tokens as are asked for."""
        generator = torch.Generator().manual_seed(int(items[0]))
        return self._features(torch.randn(len(items), int(os.environ[TOKENS]), WIDTH, generator=generator))

    def encode_texts(self, texts: Sequence[str], levels: cb.Levels) -> cb.Features:
        """One token."""
        return self._features(torch.randn(len(texts), 1, WIDTH, generator=torch.Generator().manual_seed(len(texts))))

    def _features(self, tokens: Tensor) -> cb.Features:
        mask = torch.ones(tokens.shape[:2], dtype=torch.bool)
        return cb.Features(pooled=tokens.mean(1) * self.weight, tokens=tokens * self.weight, mask=mask)


class Reads(cb.StandardMethod):
    """TIRG; its spec says that it reads tokens."""

    def __init__(self, params: Any, context: Any) -> None:
        super().__init__(params, context.composer("tirg"), {"rank": context.loss("batch-classification")})


@cb.hookimpl
def cir_bench_datasets() -> Iterator[cb.DatasetSpec]:
    """One for each benchmark."""
    for kind in KINDS:
        name = f"noise-{kind.number}"
        where = f"{__name__}:{kind.__name__}"
        yield cb.DatasetSpec(name=name, summary="random", implementation=where, synthetic=True, needs_root=False)


@cb.hookimpl
def cir_bench_encoders() -> Iterator[cb.EncoderSpec]:
    """The encoder."""
    both = cb.levels("pooled", "tokens")
    provides = cb.Provides(image=both, text=both)
    yield cb.EncoderSpec(name="tokens", summary="random", implementation=f"{__name__}:Tokens", provides=provides)


@cb.hookimpl
def cir_bench_methods() -> Iterator[cb.MethodSpec]:
    """The method."""
    needs = cb.Needs(image=cb.levels("pooled", "tokens"))
    yield cb.MethodSpec(name="reads-tokens", summary="reads", implementation=f"{__name__}:Reads", needs=needs)


@cb.hookimpl
def cir_bench_benchmarks() -> list[Path]:
    """Those that the script has written."""
    return sorted(Path(os.environ[FOLDER]).glob("noise-*.yaml"))


@cb.hookimpl
def cir_bench_cell_started(event: cb.CellStarted) -> None:
    """The cell before it has been let go."""
    RESIDENT.append((event.cell.name, resident()))


@cb.hookimpl
def cir_bench_run_finished(event: cb.RunFinished) -> None:
    """All cells have been let go."""
    path = Path(os.environ[FOLDER]) / "resident.json"
    path.write_text(json.dumps([*RESIDENT, ("the end", resident())]), encoding="utf-8")


def resident() -> float:
    """Of this process, in MiB; Linux only."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    """Run the four benchmarks, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=int, default=4000, help="of each benchmark")
    parser.add_argument("--tokens", type=int, default=100, help=f"of {WIDTH} float32 numbers, of each image")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ |= {FOLDER: name, IMAGES: str(options.images), TOKENS: str(options.tokens)}
        names = [kind.number for kind in KINDS]
        for number in names:
            text = {"name": f"noise-{number}", "dataset": f"noise-{number}", "default_encoder": "tokens"}
            text |= {"description": "random", "training": {"epochs": 1}, "protocols": {"test@1": PROTOCOL}}
            (folder / f"noise-{number}.yaml").write_text(json.dumps(text), encoding="utf-8")
        found = cb.run(
            methods="reads-tokens",
            benchmarks=[f"noise-{number}" for number in names],
            seeds=options.seeds,
            plugin=Path(__file__),
            out=folder / "runs",
            cache_dir=folder / "cache",
            device="cpu",
        )
        if found.failed:
            raise SystemExit(found.failed[0].reason)
        seen = json.loads((folder / "resident.json").read_text(encoding="utf-8"))
        features = {record.cell.name: record.cost.features_mib for record in read_records(folder / "runs")[0].values()}
    rows = [{"when": when, "resident_mib": mib, "features_mib": features.get(when)} for when, mib in seen]
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    headings = ("a cell begins", "MiB resident", "MiB of features when it ends")
    print(tabulate([[*one.values()] for one in rows], headings, tablefmt="github", floatfmt=".0f"))


if __name__ == "__main__":
    main()
