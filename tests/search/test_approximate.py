"""``cir-bench index --approximate``: an index of faiss finds what the exact search finds, before and after changes."""

import json
import shutil
import sys

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")
pytest.importorskip("faiss", reason="the approximate index needs faiss, of .[search]")

MORE = {"rerank": ("k=5", "second.epochs=1", "first=tirg")}


@pytest.fixture
def indexed(train, command, val_photos, tmp_path):
    """``indexed("tirg", "hnsw")``: a copy of the val images, and the result of indexing them."""

    def make(method, kind, *words):
        cell, root = train(method, "tiny", *MORE.get(method, ())), tmp_path / "copy"
        shutil.copytree(val_photos, root)
        return root, index(command, root, tmp_path, "--from", cell.folder, "--approximate", kind, *words)

    return make


def index(command, root, tmp_path, *words):
    code, out, err = command("index", root, "--out", tmp_path / "index", "--device", "cpu", "--json", *words)
    assert code == 0, err
    return json.loads(out)


def search(command, tmp_path, image, *words, k=20):
    words = ("search", tmp_path / "index", "--image", image, "--text", "redder", "-k", k, "--json", *words)
    code, out, err = command(*words, "--device", "cpu")
    assert code == 0, err
    answer = json.loads(out)
    return [(hit["image"].rpartition("/")[2], hit["score"]) for hit in answer["steps"][0]["results"]], answer


def same(found, exact):
    assert [name for name, _ in found] == [name for name, _ in exact]
    assert [score for _, score in found] == pytest.approx([score for _, score in exact], abs=1e-5)


def picture(path, seed):
    blocks = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    Image.fromarray(blocks).resize((32, 32), Image.Resampling.NEAREST).save(path)


@pytest.mark.parametrize("kind", ["hnsw", "ivf"])
@pytest.mark.parametrize("method", ["tirg", "clvcnet", "rerank"])
def test_looking_at_everything_finds_the_same_as_scoring_everything(indexed, command, tmp_path, method, kind):
    """One space, several spaces, and a second stage."""
    root, result = indexed(method, kind, "--effort", 1000)
    assert result["approximate"]["kind"] == kind
    assert (result["approximate"]["recall"], result["approximate"]["queries"]) == (1.0, 14)
    for name in ("val00", "val05"):
        found, answer = search(command, tmp_path, root / f"{name}.png")
        exact, other = search(command, tmp_path, root / f"{name}.png", "--exact")
        assert len(exact) == 13
        same(found, exact)
        assert answer["approximate"] == result["approximate"]
        assert other["approximate"] is None
    same(search(command, tmp_path, root / "val00.png", k=3)[0], search(command, tmp_path, root / "val00.png")[0][:3])


@pytest.mark.parametrize("kind", ["hnsw", "ivf"])
def test_an_update_finds_new_photos_and_never_those_that_are_gone(indexed, command, tmp_path, kind):
    root, _ = indexed("tirg", kind)
    for name in ("val01.png", "val02.png"):
        (root / name).unlink()
    picture(root / "new.png", 1)
    picture(root / "val03.png", 2)
    (root / "val04.png").rename(root / "renamed.png")
    shutil.copy(root / "val05.png", root / "copy.png")
    result = index(command, root, tmp_path)
    assert result["approximate"]["kind"] == kind  # as before
    assert (result["approximate"]["queries"], result["images"]) == (14, 14)
    there = {path.name for path in root.iterdir()}
    for image in ("val00.png", "val05.png"):
        found, _ = search(command, tmp_path, root / image)
        same(found, search(command, tmp_path, root / image, "--exact")[0])
        assert {name for name, _ in found} == there - {image}
    folders = {path.name for one in ("vectors", "approximate") for path in (tmp_path / "index" / one).iterdir()}
    assert len(folders) == 2  # those of the state before are gone
    assert index(command, root, tmp_path, "--approximate", "exact")["approximate"] is None
    assert not list((tmp_path / "index" / "parts").iterdir())


def test_an_index_stays_approximate_while_its_photos_are_away(indexed, command, tmp_path):
    """As those of a disk that is not there for a while."""
    root, before = indexed("tirg", "hnsw")
    away = [photo.rename(tmp_path / photo.name) for photo in sorted(root.iterdir())]
    empty = index(command, root, tmp_path)
    assert (empty["images"], empty["approximate"]) == (0, None)
    for photo in away:
        photo.rename(root / photo.name)
    assert index(command, root, tmp_path)["approximate"] == before["approximate"]


def test_the_recall_is_printed_and_the_effort_raised_until_it_is_enough(indexed, command, tmp_path, monkeypatch):
    from cir_bench.search.vectors import parts, recall

    monkeypatch.setattr(parts, "SAMPLE", 1)  # as many lists as images
    for name, value in (("FIRST", {"ivf": 1}), ("K", 1), ("MARGIN", 0)):
        monkeypatch.setattr(recall, name, value)
    root, result = indexed("tirg", "ivf")
    enough = result["approximate"]
    assert (enough["effort"] > 1, enough["recall"] >= 0.95, enough["k"]) == (True, True, 1)
    code, out, _ = command("index", root, "--out", tmp_path / "index", "--effort", 1, "--device", "cpu")
    assert code == 0
    assert "approximate search by ivf (nprobe 1): finds " in out
    assert "% of the exact best 1 (14 queries composed from these images)" in out
    less = index(command, root, tmp_path)["approximate"]
    assert (less["effort"], less["recall"] < enough["recall"]) == (1, True)
    code, out, err = command("search", tmp_path / "index", "--image", root / "val00.png", "--text", "redder")
    assert code == 0
    assert len(out.splitlines()) == 13  # more lists are looked at until there are enough
    assert "approximate search by ivf (nprobe 1)" in err
    assert "--exact scores every image" in err


def test_a_damaged_part_is_named_and_built_again(indexed, command, tmp_path):
    root, _ = indexed("tirg", "hnsw")
    (part,) = (tmp_path / "index" / "parts").glob("*/part.faiss")
    part.write_bytes(part.read_bytes()[:-1])
    code, _, err = command("search", tmp_path / "index", "--image", root / "val00.png", "--text", "redder")
    assert code == 2
    assert "part.faiss has" in err
    assert len(search(command, tmp_path, root / "val00.png", "--exact")[0]) == 13
    index(command, root, tmp_path)
    assert len(search(command, tmp_path, root / "val00.png")[0]) == 13


def test_the_server_says_how_an_index_is_searched(train, index_of, open_served, client_of):
    served = open_served([index_of(train("tirg"), "--approximate", "hnsw")])
    (shown,) = client_of(served).get("/api/info").json()["indexes"]
    assert (shown["approximate"]["kind"], shown["approximate"]["recall"]) == ("hnsw", 1.0)


# -- mistakes --------------------------------------------------------------------------------------------------------


def refused(call, *words):
    """The one sentence of a mistake."""
    code, out, err = call(*words)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize(
    ("method", "because"), [("sadn", "refines queries"), ("artemis", "no vector stands for"), ("tirg", "")]
)
def test_methods_that_cannot_be_searched_so_are_refused_at_once(train, command, val_photos, tmp_path, method, because):
    cell = train(method, "tiny", *(["neighbours=3"] if method == "sadn" else []))
    words = ("index", val_photos, "--from", cell.folder, "--out", tmp_path / "index")
    if because:
        said = refused(command, *words, "--approximate", "hnsw")
        assert because in said and "leave --approximate out" in said
    else:
        assert "choose one with --approximate" in refused(command, *words, "--effort", 3)
    assert not (tmp_path / "index").exists()


def test_without_faiss_it_says_what_to_install_and_the_exact_search_works(indexed, command, tmp_path, monkeypatch):
    root, _ = indexed("tirg", "hnsw")
    monkeypatch.setitem(sys.modules, "faiss", None)
    words = ("search", tmp_path / "index", "--image", root / "val00.png", "--text", "redder")
    for refused_words in (words, ("index", root, "--out", tmp_path / "index")):
        assert 'pip install "cir-bench[search]"' in refused(command, *refused_words)
    assert len(search(command, tmp_path, root / "val00.png", "--exact")[0]) == 13


def test_an_index_of_an_earlier_version_is_named(indexed, command, tmp_path):
    root, _ = indexed("tirg", "exact")
    path = tmp_path / "index" / "index.json"
    content = json.loads(path.read_text())
    for key in ("vectors", "approximate", "content_sha256"):
        content.pop(key)
    path.write_text(json.dumps(content))
    words = ("search", tmp_path / "index", "--image", root / "val00.png", "--text", "redder")
    assert "was written by an earlier version" in refused(command, *words)
    index(command, root, tmp_path)
    assert len(search(command, tmp_path, root / "val00.png")[0]) == 13
