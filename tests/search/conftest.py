"""`photos`: a folder benchmark of pictures that differ; `cell`: a finished cell on it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

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

    def scores(self, query: str) -> dict[str, float]:
        """The scores of the best images of a query."""
        row = self.ranking.queries.ids.index(query)
        assert self.ranking.top_scores is not None
        return dict(zip(self.ranking.top_ids[row], self.ranking.top_scores[row].tolist(), strict=False))


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


@pytest.fixture(scope="session")
def cells(train: Callable[..., Trained]) -> tuple[Trained, ...]:
    """The finished cells that are served."""
    return train("tirg"), train("sadn", "tiny", "neighbours=3")


@pytest.fixture(scope="session")
def val_photos(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The images of the benchmark's split val in a folder."""
    root = tmp_path_factory.mktemp("served") / "photos"
    root.mkdir()
    for path in photos.glob("val*.png"):
        shutil.copy(path, root)
    return root


@pytest.fixture(scope="session")
def index_of(val_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """``index_of(cell, …)``: an index of `val_photos` by the model of a cell, with further options; made once."""
    made: dict[tuple[str, ...], Path] = {}

    def make(cell: Trained, *options: str) -> Path:
        key = (str(cell.folder), *options)
        if key not in made:
            out = tmp_path_factory.mktemp("indexes") / "index"
            words = ["index", str(val_photos), "--from", str(cell.folder), "--out", str(out), "--device", "cpu"]
            assert main([*words, *options, "--no-plugins"]) == 0
            made[key] = out
        return made[key]

    return make


@pytest.fixture(scope="session")
def indexes(cells: tuple[Trained, ...], index_of: Callable[..., Path]) -> list[Path]:
    """An index of `val_photos` for each of `cells`."""
    return [index_of(cell) for cell in cells]


@pytest.fixture
def feedback(tmp_path: Path) -> Path:
    """Where judgements are written."""
    return tmp_path / "feedback"


@pytest.fixture(scope="session")
def open_served(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """``open_served(indexes)``: indexes in memory, to be served."""
    pytest.importorskip("starlette", reason="the server needs starlette, of .[serve]")
    import torch

    from cir_bench.plugin.loader import PluginOptions, load_plugins
    from cir_bench.search.serve.open import open_indexes

    registry, cache = load_plugins(PluginOptions(third_party=False)), tmp_path_factory.mktemp("cache")
    return lambda folders: open_indexes(folders, registry, torch.device("cpu"), None, cache)


@pytest.fixture(scope="session")
def opened(indexes: list[Path], open_served: Callable[..., Any]) -> Any:
    """The indexes of `cells` in memory."""
    return open_served(indexes)


@pytest.fixture
def client_of(feedback: Path) -> Iterator[Callable[..., Any]]:
    """``client_of(served)``: a client of a server of opened indexes, without a rate."""
    from starlette.testclient import TestClient

    from cir_bench.search.serve.app import make_app
    from cir_bench.search.serve.guard import Policy
    from cir_bench.search.serve.limits import Rate

    with ExitStack() as stack:

        def make(served: Any) -> Any:
            app = make_app(served, feedback, policy=Policy(requests=Rate(1e6, 1e6)))
            return stack.enter_context(TestClient(app, base_url="http://localhost"))

        yield make


@pytest.fixture
def make_client(opened: Any, val_photos: Path, feedback: Path, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """``make_client(token=…, kept=…)``: a client of a server of a copy of the photos."""
    from dataclasses import fields, replace

    from starlette.testclient import TestClient

    from cir_bench.search.serve.app import make_app
    from cir_bench.search.serve.guard import Policy
    from cir_bench.search.serve.limits import Rate
    from cir_bench.search.serve.uploads import UploadLimits

    root, clients = tmp_path / "photos", []
    shutil.copytree(val_photos, root)

    def make(requests: tuple[float, float] = (1e6, 1e6), **options: Any) -> Any:
        of_uploads = {field.name for field in fields(UploadLimits)} & set(options)
        limits = UploadLimits(**{name: options.pop(name) for name in of_uploads})
        served = [replace(one, root=root, gallery=moved(one.gallery, root)) for one in opened]
        policy = Policy(requests=Rate(*requests), **options)
        app = make_app(served, feedback, policy=policy, limits=limits)
        client = TestClient(app, base_url="http://localhost", raise_server_exceptions=False)
        client.root = root
        client.routes = [route.path for route in app._app.routes]
        clients.append(client.__enter__())
        return client

    yield make
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def client(make_client: Callable[..., Any]) -> Any:
    """A client of a server with default settings, but without a rate."""
    return make_client()


def moved(gallery: Any, root: Path) -> Any:
    """A gallery whose files are elsewhere."""
    from dataclasses import replace

    return replace(gallery, names=tuple(str(root / Path(name).name) for name in gallery.names))
