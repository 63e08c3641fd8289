"""Mutated annotations, records and YAML: one sentence, or a number whose ingredients tell it from the original's."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image
from support.faults import BUGS, SUPPORT, Place, share
from support.mutations import mutated_bytes, mutated_json, mutated_lines

from cir_bench.cli.app import main
from cir_bench.records.load import StoredRecord, load_records

pytestmark = pytest.mark.slow
ANNOTATIONS = 150
"""Mutations of each annotation file."""
RECORDS = 300
YAML = 200
SUITE = """
benchmarks: [toy]
seeds: 1
grid: {training.lr: [0.1, 0.2]}
runs:
  - methods: [tirg]
    settings: {training: {epochs: 2}}
"""
Outcome = tuple[int, str, dict[str, Any]]


def trying(count: int) -> Callable[..., Any]:
    checks = list(HealthCheck)
    return settings(max_examples=share(count), database=None, suppress_health_check=checks, phases=[Phase.generate])


def folder(root: Path) -> None:
    """``folder:``, with 8 val images."""
    names = [f"val{i}" for i in range(8)]
    gallery = [{"image": name, "split": "val", "file": f"{name}.png"} for name in names]
    triplets = [
        {"query_id": one, "split": "val", "reference": one, "text": "redder", "targets": [other], "tags": ["red"]}
        for one, other in pairwise(names)
    ]
    root.mkdir(parents=True)
    pictures(root, names)
    for name, lines in (("gallery", gallery), ("triplets", triplets)):
        (root / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def fashioniq(root: Path) -> None:
    """FashionIQ's layout, with 6 images per category and split."""
    for name in ("captions", "image_splits", "images"):
        (root / name).mkdir(parents=True)
    for category in ("dress", "shirt", "toptee"):
        for split in ("train", "val"):
            names = [f"{category}{split}{i}" for i in range(6)]
            records = [
                {"target": other, "candidate": one, "captions": ["is red", "is long."]}
                for one, other in pairwise(names)
            ]
            (root / "captions" / f"cap.{category}.{split}.json").write_text(json.dumps(records))
            (root / "image_splits" / f"split.{category}.{split}.json").write_text(json.dumps(names))
            pictures(root / "images", names)


def cirr(root: Path) -> None:
    """CIRR's layout, with 8 images of val."""
    names = [f"dev-{i}-0-img1" for i in range(8)]
    records = [
        {
            "pairid": 100 + i,
            "reference": names[i],
            "target_hard": names[i + 1],
            "target_soft": {names[i + 1]: 1.0, names[6]: 0.5, names[7]: -1.0},
            "caption": f"show {i} dogs",
            "img_set": {"id": 1, "members": names[:6], "reference_rank": 3, "target_rank": 0},
        }
        for i in range(3)
    ]
    for name in ("captions", "image_splits", "dev"):
        (root / name).mkdir(parents=True)
    (root / "captions" / "cap.rc2.val.json").write_text(json.dumps(records))
    (root / "image_splits" / "split.rc2.val.json").write_text(json.dumps({name: f"./dev/{name}.png" for name in names}))
    pictures(root / "dev", names)


def pictures(root: Path, names: list[str]) -> None:
    for number, name in enumerate(names):
        Image.new("RGB", (4, 4), (30 * number, 40, 0)).save(root / f"{name}.png")


LAYOUTS = {"folder": folder, "fashioniq": fashioniq, "cirr": cirr}
BENCHMARKS = {"folder": "folder:{root}", "fashioniq": "fashioniq", "cirr": "cirr"}
FILES = {
    "folder/gallery.jsonl": mutated_lines,
    "folder/triplets.jsonl": mutated_lines,
    "fashioniq/captions/cap.dress.val.json": mutated_json,
    "fashioniq/image_splits/split.shirt.val.json": mutated_json,
    "cirr/captions/cap.rc2.val.json": mutated_json,
    "cirr/image_splits/split.rc2.val.json": mutated_json,
}


class Bench:
    """A benchmark's files, and a run on them."""

    def __init__(self, name: str, tmp_path: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.root = tmp_path / "data" / name
        LAYOUTS[name](self.root)
        self._capture, self._out = capture, tmp_path / "runs"
        self._words = ["-b", BENCHMARKS[name].format(root=self.root), "-m", "sum", "-e", "tiny", "--json"]
        self._words += ["--data-root", str(tmp_path / "data"), "--cache-dir", str(tmp_path / "cache")]

    def run(self) -> Outcome:
        """Exit code, what was said, and the record's JSON."""
        shutil.rmtree(self._out, ignore_errors=True)
        code = main(["run", *self._words, "--out", str(self._out), "--device", "cpu"])
        said = self._capture.readouterr()
        lines = [json.loads(line) for line in said.out.splitlines()]
        record = next((line for line in lines if "cell" in line), {})
        assert not any(word in said.out + said.err for word in BUGS), said.err
        return code, said.err, record


@pytest.mark.parametrize("name", FILES)
def test_mutated_annotations(name: str, tmp_path: Path, capsys, tally) -> None:
    layout, _, place = name.partition("/")
    bench = Bench(layout, tmp_path, capsys)
    path = bench.root / place
    content = path.read_bytes()
    code, said, whole = bench.run()
    assert code == 0, said
    row = tally(f"mutated {name}")

    @trying(ANNOTATIONS)
    @given(FILES[name](content))
    def check(changed: bytes) -> None:
        path.write_bytes(changed)
        with row.trying(changed):
            classify(*bench.run())

    def classify(code: int, said: str, record: dict[str, Any]) -> None:
        if code != 0:
            assert code in {1, 2} and said.strip(), said
            row.add("refused in one sentence")
        elif record["metrics"] == whole["metrics"] and record["n_gallery"] == whole["n_gallery"]:
            row.add("same number")
        else:
            assert record["ingredients"] != whole["ingredients"], "another number, the same ingredients"
            row.add("another number with other ingredients")

    check()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(tmp_path_factory.mktemp("finished") / "place", ("-m", "sum"))
    assert place.run().code == 0
    return place


@pytest.mark.parametrize("kind", ["record.json", "queries.json.gz"])
def test_mutated_records(kind: str, finished, tmp_path: Path, tally) -> None:
    import gzip

    place = finished.copy(tmp_path / "place")
    (path,) = place.out.rglob(kind)
    packed = kind.endswith(".gz")
    content = path.read_bytes()
    text = gzip.decompress(content) if packed else content
    (whole,), _ = load_records([finished.out])
    row = tally(f"mutated {kind}")

    @trying(RECORDS)
    @given(mutated_json(text))
    def check(changed: bytes) -> None:
        path.write_bytes(gzip.compress(changed) if packed else changed)
        with row.trying(changed):
            classify(*load_records([place.out]))

    def classify(found: list[StoredRecord], problems: list[str]) -> None:
        assert all("\n" not in one and not any(word in one for word in BUGS) for one in problems)
        if not found:
            assert problems
            row.add("left out with a sentence")
        elif problems or found[0].doubt:
            row.add("only claimed")
        else:
            assert found[0].record == whole.record
            row.add("same record")

    check()


@pytest.mark.parametrize("verb", ["benchmark", "suite"])
def test_mutated_yaml(verb: str, tmp_path: Path, capsys, tally) -> None:
    """A benchmark's file of a plugin, and a suite."""
    plugin = tmp_path / "plugin"
    plugin.mkdir()
    shutil.copy(SUPPORT / "toy_plugin.py", plugin)
    shutil.copy(SUPPORT / "toy.yaml", plugin)
    suite = tmp_path / "suite.yaml"
    suite.write_text(SUITE)
    path = plugin / "toy.yaml" if verb == "benchmark" else suite
    content = path.read_bytes()
    chosen = ["-b", "toy", "-m", "sum"] if verb == "benchmark" else ["--suite", str(suite)]
    words = ["--plugin", str(plugin / "toy_plugin.py"), *chosen, "--out", str(tmp_path / "out"), "--device", "cpu"]
    row = tally(f"mutated {verb} (YAML)")

    def plan() -> tuple[int, str]:
        code = main(["plan", *words, "--cache-dir", str(tmp_path / "cache")])
        said = capsys.readouterr()
        assert not any(word in said.out + said.err for word in BUGS), said.err
        return code, said.out + said.err

    code, whole = plan()
    assert code == 0, whole

    @trying(YAML)
    @given(st.one_of(mutated_bytes(content)))
    def check(changed: bytes) -> None:
        path.write_bytes(changed)
        with row.trying(changed):
            code, said = plan()
            assert code in {0, 1, 2} and said.strip()
            row.add("refused in one sentence" if code else "same plan" if said == whole else "another plan, shown")

    check()
