"""The examples of the pages work: configuration files, a folder of photos, a ranking to score, code."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from cir_bench.cli import main


@pytest.fixture
def toy(checkout):
    """Options that use a benchmark of a few squares instead of css."""
    return ["--plugin", str(checkout / "tests" / "support" / "toy_plugin.py"), "-b", "toy"]


@pytest.fixture
def example(blocks):
    """``example("real-data.md", "yaml")``: the blocks of code in this language."""
    return lambda page, language: [one.text for one in blocks if (one.page, one.language) == (f"docs/{page}", language)]


def test_the_environment_variables_are_those_of_the_code(checkout, written):
    files = [*(checkout / "harness").rglob("*.py"), *(checkout / "plugins").rglob("*.py")]
    code = set(re.findall(r"\"(CIR_BENCH_[A-Z_]+)\"", "".join(file.read_text(encoding="utf-8") for file in files)))
    page = set(re.findall(r"\bCIR_BENCH_[A-Z_]+\b", written["environment-and-exit-codes.md"]))
    assert code - {"CIR_BENCH_API"} == page  # CIR_BENCH_API is a plugin's constant


def test_the_yaml_files_are_plans(example, toy, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    config, suite = example("parameters-and-suites.md", "yaml")
    suite = suite.replace("level: last-conv", "level: pooled")  # the toy encoder has no maps
    for option, text in (("--config", config), ("--suite", suite)):
        (tmp_path / "file.yaml").write_text(text, encoding="utf-8")
        assert main(["plan", option, "file.yaml", *toy, "-e", "toy", "--cache-dir", "cache"]) == 0, capsys.readouterr()


def test_the_folder_on_its_page_is_a_benchmark_that_can_be_scored(example, tmp_path, capsys):
    gallery, triplets = example("your-own-data.md", "json")
    photos = tmp_path / "photos"
    (photos / "images").mkdir(parents=True)
    (photos / "gallery.jsonl").write_text(gallery, encoding="utf-8")
    (photos / "triplets.jsonl").write_text(triplets, encoding="utf-8")
    for line in gallery.splitlines():
        Image.new("RGB", (8, 8)).save(photos / json.loads(line)["file"])
    assert main(["data", "verify", f"folder:{photos}", "--json"]) == 0, capsys.readouterr()
    (tmp_path / "predictions.json").write_text('{"q7": ["a2"]}', encoding="utf-8")
    capsys.readouterr()
    assert main(["score", f"folder:{photos}", str(tmp_path / "predictions.json"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["metrics"]["R@1"] == 100.0


def test_the_json_of_a_score_has_the_keys_that_are_shown(written, example, tmp_path, capsys):
    (shown,) = map(json.loads, example("scoring-rankings.md", "json"))
    page = written["scoring-rankings.md"]
    further = re.findall(r"`(\w+)`", page[page.index("and `parts`") :].partition(")")[0])
    assert further
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.new("RGB", (8, 8)).save(photos / "x.png")
    images = [{"image": name, "split": "val", "file": "x.png"} for name in "ab"]
    query = {"query_id": "q", "split": "val", "reference": "a", "text": "t", "targets": ["b"]}
    (photos / "gallery.jsonl").write_text("\n".join(map(json.dumps, images)), encoding="utf-8")
    (photos / "triplets.jsonl").write_text(json.dumps(query), encoding="utf-8")
    (tmp_path / "p.json").write_text('{"q": ["b"]}', encoding="utf-8")
    main(["score", f"folder:{photos}", str(tmp_path / "p.json"), "--json"])
    assert set(shown) | set(further) <= set(json.loads(capsys.readouterr().out))


def test_the_python_example_gives_the_numbers_of_a_protocol(example, tmp_path, monkeypatch, capsys):
    (source,) = example("scoring-rankings.md", "py")
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "DIR" / "fashioniq"
    for folder in (root / "captions", root / "image_splits", tmp_path / "photos"):
        folder.mkdir(parents=True)
    rankings = {}
    for part in ("dress", "shirt", "toptee"):
        images = [f"{part}{i}" for i in range(60)]
        record = {"candidate": images[0], "target": images[20], "captions": ["is red", "is long"]}
        (root / "captions" / f"cap.{part}.val.json").write_text(json.dumps([record]), encoding="utf-8")
        (root / "image_splits" / f"split.{part}.val.json").write_text(json.dumps(images), encoding="utf-8")
        rankings[f"{part}-0"] = images[:50]
    (tmp_path / "predictions.json").write_text(json.dumps(rankings), encoding="utf-8")
    gallery = [{"image": name, "split": "val", "file": f"{name}.png"} for name in "abc"]
    query = {"query_id": "q", "split": "val", "reference": "a", "text": "t", "targets": ["b"]}
    (tmp_path / "photos" / "gallery.jsonl").write_text("\n".join(map(json.dumps, gallery)), encoding="utf-8")
    (tmp_path / "photos" / "triplets.jsonl").write_text(json.dumps(query), encoding="utf-8")
    np.savez(
        "scores.npz", queries=np.array(["q"]), images=np.array(["c", "b", "a"]), values=np.array([[0.5, 0.5, 9.0]])
    )
    exec(compile(source, "scoring-rankings.md", "exec"), {})
    assert capsys.readouterr().out.split() == ["50.0", "3", "True", "50.0"]
