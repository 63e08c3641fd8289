"""What the README says is so: its commands parse, its names exist, its examples work."""

import json
import re
import shlex
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from cir_bench.cli import main
from cir_bench.cli.app import VERBS


@pytest.fixture(scope="module")
def readme(checkout):
    return (checkout / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def commands(readme):
    """Every ``cir-bench …`` line of a code block, as words without ``cir-bench``."""
    lines = [line.partition("#")[0].strip() for line in readme.splitlines() if line.startswith("    cir-bench ")]
    return [shlex.split(line)[1:] for line in lines]


@pytest.fixture
def plugin_file(readme, tmp_path):
    (source,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    path = tmp_path / "my_method.py"
    path.write_text(source, encoding="utf-8")
    return path


@pytest.fixture
def toy(checkout):
    """Options that put a benchmark of a few squares in the place of css."""
    return ["--plugin", str(checkout / "tests" / "support" / "toy_plugin.py"), "-b", "toy"]


def json_lines(readme):
    return [line for block in re.findall(r"```json\n(.*?)```", readme, re.DOTALL) for line in block.splitlines()]


def test_every_verb_is_shown_and_every_shown_verb_exists(readme, commands):
    assert {words[0] for words in commands} <= set(VERBS)
    assert all(re.search(rf"cir-bench {verb}\b", readme) for verb in VERBS)


def test_every_option_in_a_command_is_one_of_its_verb(commands, capsys):
    for words in commands:
        verb = words[:2] if words[0] == "data" else words[:1]
        main([*verb, "--help"])
        offered = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", capsys.readouterr().out))
        assert {word for word in words if word.startswith("-")} <= offered, words


def test_every_method_encoder_and_benchmark_in_a_command_exists(commands, capsys):
    main(["ls", "--json"])
    known = capsys.readouterr().out
    for words in commands:
        named = [after for word, after in pairwise(words) if word in {"-m", "-e", "-b"}]
        for name in (re.split("[:/]", one)[0] for one in named if one != "mine"):
            assert f'"{name}"' in known, name


def test_the_environment_variables_are_those_of_the_code(checkout, readme):
    files = [*(checkout / "harness").rglob("*.py"), *(checkout / "plugins").rglob("*.py")]
    code = set(re.findall(r"\"(CIR_BENCH_[A-Z_]+)\"", "".join(file.read_text(encoding="utf-8") for file in files)))
    assert code - {"CIR_BENCH_API"} == set(re.findall(r"\bCIR_BENCH_[A-Z_]+\b", readme))  # that is a plugin's constant


def test_the_plugin_in_one_file_is_found(plugin_file, capsys):
    assert main(["show", "mine", "--plugin", str(plugin_file)]) == 0
    assert "image plus a residual" in capsys.readouterr().out


def test_the_yaml_files_are_plans(readme, toy, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    config, suite = re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL)
    suite = suite.replace("variant: last-conv", "variant: pooled")  # the toy encoder has no maps
    for option, text in (("--config", config), ("--suite", suite)):
        (tmp_path / "file.yaml").write_text(text, encoding="utf-8")
        assert main(["plan", option, "file.yaml", *toy, "-e", "toy", "--cache-dir", "cache"]) == 0, capsys.readouterr()


@pytest.mark.slow
def test_and_it_trains_and_stands_on_the_leaderboard(plugin_file, toy, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["run", "-m", "mine", "--plugin", str(plugin_file), *toy]
    assert main([*words, "--cache-dir", "cache", "--set", "training.epochs=1"]) == 0, capsys.readouterr()
    assert "`mine`" in (tmp_path / "runs" / "LEADERBOARD.md").read_text(encoding="utf-8")


def test_a_folder_as_the_readme_describes_it_is_a_benchmark_that_can_be_scored(readme, tmp_path, capsys):
    lines = json_lines(readme)
    photos = tmp_path / "photos"
    (photos / "images").mkdir(parents=True)
    gallery = [line for line in lines if '"file"' in line]
    (photos / "gallery.jsonl").write_text("\n".join(gallery), encoding="utf-8")
    (photos / "triplets.jsonl").write_text("\n".join(line for line in lines if '"targets"' in line), encoding="utf-8")
    for line in gallery:
        Image.new("RGB", (8, 8)).save(photos / json.loads(line)["file"])
    assert main(["data", "verify", f"folder:{photos}", "--json"]) == 0, capsys.readouterr()
    (tmp_path / "predictions.json").write_text('{"q7": ["a2"]}', encoding="utf-8")
    capsys.readouterr()
    assert main(["score", f"folder:{photos}", str(tmp_path / "predictions.json"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["metrics"]["R@1"] == 100.0


def test_the_score_s_json_has_the_keys_that_are_shown(readme, tmp_path, checkout, capsys):
    (shown,) = [json.loads(line) for line in json_lines(readme) if '"n_queries"' in line]
    further = re.findall(r"`(\w+)`", readme[readme.index("and `parts`") :].partition(")")[0])
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


def test_the_python_example_gives_the_numbers_of_a_protocol(readme, tmp_path, monkeypatch, capsys):
    (source,) = re.findall(r"```py\n(.*?)```", readme, re.DOTALL)
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
    exec(compile(source, "README.md", "exec"), {})
    assert capsys.readouterr().out.split() == ["50.0", "3", "False", "50.0"]
