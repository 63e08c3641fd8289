"""``cir-bench index`` and ``cir-bench search``: a folder's images are embedded once and found as in the run."""

import json
import os
import shutil
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cir_bench.records.record import read_record, write_record
from cir_bench.search.engine import Engine
from cir_bench.search.gallery import Gallery, Hit
from cir_bench.search.steps import search_steps

torch = pytest.importorskip("torch")

METHODS = ["tirg", "sadn", "clvcnet", "image-only"]
NEAR = ("neighbours=3",)


def settings(method):
    return NEAR if method == "sadn" else ()


@pytest.fixture
def val(photos, tmp_path):
    """A folder with the val images of the benchmark in two folders."""
    root = tmp_path / "val"
    for number, path in enumerate(sorted(photos.glob("val*.png"))):
        to = root / ("a" if number % 2 else "b/c") / path.name
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, to)
    return root


@pytest.fixture
def indexed(train, command, val, tmp_path):
    """``indexed(method)``: the cell, and an index of its val images."""

    def make(method="tirg"):
        cell, out = train(method, "tiny", *settings(method)), tmp_path / "index"
        code, _, err = command("index", val, "--from", cell.folder, "--out", out, "--device", "cpu")
        assert (code, err) == (0, "")
        return cell, out

    return make


@pytest.fixture
def embedded(monkeypatch):
    """The names of the images that are embedded."""
    found, embed = [], Engine.embed
    monkeypatch.setattr(
        Engine, "embed", lambda self, some, memory=None: found.extend(some) or embed(self, some, memory)
    )
    return found


def update(command, val, out, *words):
    """Code and result of another ``cir-bench index``."""
    code, said, _ = command("index", val, "--out", out, "--json", "--device", "cpu", *words)
    return code, json.loads(said)


def counts(result):
    return [result[key] for key in ("images", "new", "changed", "gone", "unchanged")]


def found(command, out, image, text, k=10, *words):
    code, said, err = command("search", out, "--image", image, "--text", text, "-k", k, "--json", *words)
    assert (code, err) == (0, "")
    return json.loads(said)["steps"]


def names(step):
    return [hit["image"].rpartition("/")[2].removesuffix(".png") for hit in step["results"]]


def picture(path, seed):
    blocks = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(blocks).resize((32, 32), Image.Resampling.NEAREST).save(path)


@pytest.mark.parametrize("method", METHODS)
def test_a_search_finds_what_the_run_found(indexed, command, photos, method):
    cell, out = indexed(method)
    lines = [json.loads(line) for line in (photos / "triplets.jsonl").read_text().splitlines()]
    queries = [line for line in lines if line["split"] == "val"]
    assert len(queries) == 14
    for line in queries[::3]:
        (step,) = found(command, out, photos / f"{line['reference']}.png", line["text"])
        assert names(step) == cell.best(line["query_id"], 10)  # though the reference is known by its content alone


def test_only_new_contents_are_embedded(indexed, command, val, embedded):
    _, out = indexed()
    embedded.clear()
    assert counts(update(command, val, out)[1]) == [14, 0, 0, 0, 14]
    assert len(embedded) == 1  # to know how the method scores
    embedded.clear()
    picture(val / "new" / "deep" / "n.PNG", 1)
    picture(val / "a" / "val01.png", 2)
    (val / "b" / "c" / "val00.png").rename(val / "moved.png")
    (val / "b" / "c" / "val02.png").unlink()
    assert counts(update(command, val, out)[1]) == [14, 2, 1, 2, 11]
    assert sorted(embedded) == ["a/val01.png", "new/deep/n.PNG"]
    (step,) = found(command, out, val / "moved.png", "redder", 20)
    assert len(names(step)) == 13
    assert {"n.PNG", "val01"} < set(names(step)) and "val02" not in names(step)


def test_unreadable_files_are_listed_and_skipped(train, command, val, tmp_path):
    (val / "text.jpg").write_text("no image")
    (val / "empty.png").touch()
    (val / "two\nlines\x1b[31m.png").touch()
    cut = next(val.rglob("val03.png"))
    (val / "cut.png").write_bytes(cut.read_bytes()[:60])
    (val / "notes.txt").touch()
    (tmp_path / "outside.png").write_bytes(cut.read_bytes())
    (val / "link.png").symlink_to(tmp_path / "outside.png")
    words = ("index", val, "--from", train("tirg").folder, "--out", tmp_path / "index")
    code, out, err = command(*words)
    assert code == 1
    assert out == f"{tmp_path / 'index'}: 14 images (14 new, 0 changed, 0 gone, 0 unchanged)\n"
    assert err.count("cir-bench: skipped: ") == err.count("\n") == 5
    for name in ("text.jpg", "empty.png", r"two\nlines\x1b[31m.png", "cut.png", "link.png"):
        assert name in err
    code, result = update(command, val, tmp_path / "index", "--follow-links")
    assert code == 1
    assert set(result["unreadable"]) == {"text.jpg", "empty.png", "two\nlines\x1b[31m.png", "cut.png"}
    assert counts(result) == [15, 1, 0, 0, 14]


def test_no_photo_is_changed_and_an_index_may_be_among_them(train, command, val):
    def state():
        return {
            path: (path.stat().st_mtime_ns, path.read_bytes())
            for path in val.rglob("*")
            if path.is_file() and "index" not in path.parts
        }

    before = state()
    words = ("index", val, "--from", train("tirg").folder, "--out", val / "index")
    assert command(*words)[0] == 0
    picture(val / "index" / "thumbnail.png", 1)
    assert counts(update(command, val, val / "index")[1]) == [14, 0, 0, 0, 14]
    assert state() == before


KILLED = """
import os, signal, sys
from cir_bench.cli.app import main
from cir_bench.search import update
update.BATCH, update.SHARD = 4, 4
write, count = update._Embedder._write, 0
def killing(self):
    global count
    write(self)
    count += 1
    if count == 2:
        os.kill(os.getpid(), signal.SIGKILL)
update._Embedder._write = killing
main(sys.argv[1:])
"""


def test_indexing_that_was_killed_goes_on(train, command, val, tmp_path, embedded):
    cell, out = train("tirg"), tmp_path / "index"
    words = ["index", val, "--from", cell.folder, "--out", out, "--device", "cpu", "--no-plugins"]
    one = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", KILLED, *map(str, words)], env=one, check=False)
    assert done.returncode == -signal.SIGKILL
    code, _, err = command("search", out, "--image", next(val.rglob("*.png")), "--text", "redder")
    assert code == 2 and "was not finished" in err
    embedded.clear()
    assert counts(update(command, val, out)[1]) == [14, 14, 0, 0, 0]
    assert len(embedded) == 14 - 8
    (step,) = found(command, out, val / "b" / "c" / "val00.png", "redder")
    assert names(step) == cell.best("q-val00", 10)


def test_damaged_embeddings_are_named_and_made_again(indexed, command, val):
    _, out = indexed()
    (shard,), (vectors,) = out.glob("*/*/*/*/*.safetensors"), out.glob("vectors/*/0.npy")
    for path in (shard, vectors):
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
    image = val / "b" / "c" / "val00.png"
    code, said, err = command("search", out, "--image", image, "--text", "redder")
    assert (code, said) == (2, "")
    assert "cannot be searched (0.npy was changed or damaged); run `cir-bench index" in err
    with pytest.warns(UserWarning, match="index: .* cannot be used"):
        assert counts(update(command, val, out)[1]) == [14, 0, 0, 0, 14]
    assert len(names(found(command, out, image, "redder")[0])) == 10


def test_several_steps_go_on_from_the_best_image(indexed, command, val):
    _, out = indexed()
    first = val / "b" / "c" / "val00.png"
    steps = found(command, out, first, "redder", 5, "--then", "no square", "--then", "redder")
    assert [step["text"] for step in steps] == ["redder", "no square", "redder"]
    assert steps[0]["image"] == str(first)
    for before, after in pairwise(steps):
        assert after["image"] == before["results"][0]["image"]
        assert after["image"] not in {hit["image"] for hit in after["results"]}
        assert after["results"] == found(command, out, after["image"], after["text"], 5)[0]["results"]


def test_an_index_of_nothing_but_the_reference_says_so(train, command, val, tmp_path):
    alone, out = tmp_path / "alone", tmp_path / "index"
    alone.mkdir()
    shutil.copy(val / "b" / "c" / "val00.png", alone)
    words = ("index", alone, "--from", train("tirg").folder, "--out", out, "--device", "cpu")
    assert command(*words)[0] == 0
    asked = ("search", out, "--image", alone / "val00.png", "--text", "redder", "--then", "no square")
    sentence = f"cir-bench: {out} has no image but the reference, so there is nothing else to show\n"
    assert command(*asked) == (0, "", sentence)
    code, said, err = command(*asked, "--json")
    assert (code, err) == (0, sentence)
    assert [step["results"] for step in json.loads(said)["steps"]] == [[]]


def test_a_reference_that_stays_among_the_candidates_is_not_gone_on_from(val):
    class Kept:
        """The reference first, as of a protocol that keeps it."""

        def search(self, gallery, image, text, k):
            return [Hit(name, 1.0) for name in (str(image), *sorted(set(gallery.names) - {str(image)}))][:k]

    names = tuple(map(str, sorted(val.rglob("*.png"))))
    gallery = Gallery(names, tuple(map(str, range(14))), candidates=None)
    steps = list(search_steps(Kept(), gallery, Path(names[3]), ("redder", "no square", "redder"), 1))
    assert [step.image for step in steps] == [names[3], names[0], names[1]]
    assert [[hit.image for hit in step.results] for step in steps] == [[names[3]], [names[0]], [names[1]]]


def test_results_are_printed_best_first_and_shown_in_a_browser(indexed, command, val, tmp_path, monkeypatch):
    _, out = indexed()
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    image, text = val / "b" / "c" / "val00.png", "<b>redder</b>"
    code, said, _ = command("search", out, "--image", image, "--text", text, "-k", 3, "--open")
    lines = [line.split() for line in said.splitlines()]
    assert code == 0
    assert [line[0] for line in lines] == ["1", "2", "3"]
    scores = [float(line[1]) for line in lines]
    assert scores == sorted(scores, reverse=True)
    (page,) = tmp_path.glob("cir-bench-search-*.html")
    assert opened == [page.as_uri()]
    html = page.read_text()
    assert text not in html and "&lt;b&gt;redder" in html
    assert all(f'src="file://{line[2]}"' in html for line in lines)


# -- mistakes --------------------------------------------------------------------------------------------------------


def refused(call, *words):
    """The one sentence of a mistake."""
    code, out, err = call(*words)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    return err


def test_a_changed_encoder_is_refused(indexed, command, val):
    _, out = indexed()
    content = json.loads((out / "model" / "model.json").read_text())
    content["record"]["ingredients"]["encoder.weights"] = "other"
    content.pop("content_sha256")
    (out / "model" / "model.json").write_text(json.dumps(content))
    image = next(val.rglob("*.png"))
    for words in (("search", out, "--image", image, "--text", "red"), ("index", val, "--out", out)):
        assert "is not what was measured any more (encoder.weights" in refused(command, *words)


def test_an_index_of_another_model_or_folder_is_left_alone(indexed, train, command, val, tmp_path):
    _, out = indexed()
    before = (out / "index.json").read_bytes()
    other = train("image-only").folder
    assert "another model" in refused(command, "index", val, "--from", other, "--out", out)
    assert f"an index of {val}" in refused(command, "index", val / "a", "--out", out)
    (out / "index.json").unlink()
    assert "another model" in refused(command, "index", val, "--from", other, "--out", out)
    assert counts(update(command, val, out)[1]) == [14, 14, 0, 0, 0]
    assert (out / "index.json").read_bytes() == before


@pytest.mark.parametrize(
    ("folder", "index", "said"),
    [
        ("val", "index", "is not an index yet; name a model with --from"),
        ("nowhere", "new", "nowhere is not a folder"),
        ("empty", "new", "empty has no images"),
        ("val", "full", "is not an index; name a new folder"),
        ("val", "val", "val is the folder of the images; name another one for the index"),
    ],
)
def test_mistakes_are_one_sentence(train, command, val, tmp_path, folder, index, said):
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    model = () if index == "index" else ("--from", train("tirg").folder)
    assert said in refused(command, "index", tmp_path / folder, *model, "--out", tmp_path / index)
    assert not (tmp_path / "new").exists()


def test_what_cannot_be_searched(indexed, command, val, tmp_path):
    image = next(val.rglob("*.png"))
    asked = ("--image", image, "--text", "redder")
    assert "write it: cir-bench index PHOTOS --from RUN --out INDEX" in refused(command, "search", tmp_path, *asked)
    assert f"--from RUN --out {tmp_path / 'new'}" in refused(command, "search", tmp_path / "new", *asked)
    cell, out = indexed()
    assert "gone.png: there is no such file" in refused(
        command, "search", out, "--image", tmp_path / "gone.png", "--text", "redder"
    )
    (tmp_path / "text.png").write_text("no image")
    sentence = refused(command, "search", out, "--image", tmp_path / "text.png", "--text", "redder")
    assert "cannot be decoded" in sentence
    content = (out / "index.json").read_text().replace("val00.png", "val99.png", 1)
    (out / "index.json").write_text(content)
    assert "changed or damaged" in refused(command, "search", out, "--image", image, "--text", "redder")
    record = read_record(cell.folder / "record.json")
    write_record(record.model_copy(update={"status": "failed"}), tmp_path / "cell")
    words = ("index", val, "--from", tmp_path / "cell", "--out", tmp_path / "other")
    assert "failed, so there is no model" in refused(command, *words)


def test_a_folder_whose_name_is_not_utf_8_is_refused(train, command, val, tmp_path):
    folder = tmp_path / os.fsdecode(b"photos-\xff")
    try:
        val.rename(folder)
    except OSError:
        pytest.skip("this file system has no such names")
    words = ("index", folder, "--from", train("tirg").folder, "--out", tmp_path / "index")
    assert "is not UTF-8" in refused(command, *words)
    assert not (tmp_path / "index").exists()
