"""`photos`: a folder benchmark of pictures that differ; `cell`: a finished cell on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from cir_bench.cli.app import main
from cir_bench.records.load import read_records
from cir_bench.records.rankings import load_ranking
from cir_bench.retrieval.ranking import Ranking

TEXTS = ("redder", "a large blue circle", "no square", "two triangles")
N_TRAIN, N_VAL = 8, 14


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of random blocks, in the splits train and val; every image of val is the reference of a query."""
    root = tmp_path_factory.mktemp("photos")
    draw = np.random.default_rng(3)
    splits = {"train": N_TRAIN, "val": N_VAL}
    gallery, triplets = [], []
    for split, count in splits.items():
        for at in range(count):
            name = f"{split}{at:02}"
            blocks = draw.integers(0, 256, (4, 4, 3), dtype=np.uint8)
            Image.fromarray(blocks).resize((32, 32), Image.Resampling.NEAREST).save(root / f"{name}.png")
            gallery.append({"image": name, "split": split, "file": f"{name}.png"})
            target = f"{split}{(at + 1) % count:02}"
            text = TEXTS[at % len(TEXTS)]
            one = {"query_id": f"q-{name}", "split": split, "reference": name, "text": text, "targets": [target]}
            triplets.append(one)
    for name, lines in (("gallery", gallery), ("triplets", triplets)):
        (root / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return root


class Trained(NamedTuple):
    """A finished cell: its folder, and the ranking that it stored."""

    folder: Path
    ranking: Ranking

    def best(self, query: str, k: int) -> list[str]:
        """The best images of a query."""
        return list(self.ranking.top_ids[self.ranking.queries.ids.index(query)][:k])


@pytest.fixture(scope="session")
def train(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Trained]:
    """``train("tirg", "tiny")``: one epoch; each cell is trained once."""
    known: dict[tuple[str, ...], Trained] = {}

    def run(method: str, encoder: str = "tiny", *settings: str) -> Trained:
        key = (method, encoder, *settings)
        if key not in known:
            out = tmp_path_factory.mktemp("runs")
            words = ["-m", method, "-e", encoder, "-b", f"folder:{photos}", "--out", str(out), "--device", "cpu"]
            sets = ["training.epochs=1", "training.batch_size=4", "selection.on=last", *settings]
            options = [word for one in sets for word in ("--set", one)]
            places = ["--cache-dir", str(tmp_path_factory.mktemp("cache")), "--no-plugins"]
            assert main(["run", *words, *options, *places]) == 0
            (path,) = read_records(out)[0]
            known[key] = Trained(path.parent, load_ranking(path.parent / "rankings" / "all.jsonl.gz"))
        return known[key]

    return run


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """``command("export", …)``: exit code, output and errors."""

    def call(*words: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()  # of a training
        code = main([*map(str, words), "--cache-dir", str(tmp_path / "cache"), "--no-plugins"])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call
