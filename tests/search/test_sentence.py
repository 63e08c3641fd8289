"""A search puts query texts into the template of the run, or says that it cannot."""

import json
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

import cir_bench
from cir_bench.cli.app import main
from cir_bench.records.load import read_records
from cir_bench.records.rankings import load_ranking

pytest.importorskip("torch")
PLUGIN = Path(__file__).parents[1] / "support" / "templates_plugin.py"
QUERIES = {"q0": ("0", ("is red", "costs $5")), "q1": ("2", ("is old", "is {big}"))}


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """``measured("concept", "sum")``: the folder of the finished cell."""

    @cache
    def run(protocol, method):
        root = tmp_path_factory.mktemp("runs")
        words = ["-m", method, "-b", f"worded/{protocol}", "--plugin", str(PLUGIN), "--device", "cpu"]
        assert main(["run", *words, "--out", str(root / "runs"), "--cache-dir", str(root / "cache")]) == 0
        (record,) = read_records(root / "runs")[0]
        return record.parent

    return run


def searched(folder, image_of):
    """By query what a search finds: image ids and scores."""
    retriever = cir_bench.load(folder, device="cpu", plugins=[PLUGIN])
    retriever.set_gallery([image_of(name) for name in "0123"])
    for query, (reference, captions) in QUERIES.items():
        hits = retriever.search(image_of(reference), captions, k=4)
        yield query, [hit.image.removeprefix("image-") for hit in hits], [hit.score for hit in hits]


def picture(name):
    return Image.new("RGB", (2, 2), (int(name) * 60, 0, 0))


def stored(folder):
    """By query what the run found."""
    ranking = load_ranking(folder / "rankings" / "all.jsonl.gz")
    rows = zip(ranking.queries.ids, ranking.top_ids, ranking.top_scores, strict=True)
    return {query: (list(ids), scores[: len(ids)].tolist()) for query, ids, scores in rows}


@pytest.mark.parametrize(
    ("protocol", "method", "same"),
    [
        ("open", "sum", True),
        ("sentence", "sum", True),
        ("sentence", "word", True),
        ("concept", "sum", False),
        ("concept", "word", False),
    ],
)
def test_a_search_gives_the_scores_of_the_run_where_it_knows_the_template(measured, protocol, method, same):
    folder = measured(protocol, method)
    run = stored(folder)
    for query, ids, scores in searched(folder, picture):
        known_ids, known = run[query]
        assert (scores == pytest.approx(known, abs=1e-6)) == same
        if same:
            assert ids == known_ids


@pytest.mark.parametrize(
    ("protocol", "method", "card", "warned"),
    [
        ("open", "sum", "", False),
        ("sentence", "sum", "\nQuery texts are put into `find this, but {text}`, as in the run.\n", False),
        ("sentence", "word", "\nQuery texts are put into `a {text} of $`, as in the run.\n", False),
        ("concept", "sum", "A search does not know `concept` and puts them into `{text}`, which", True),
        ("concept", "word", "A search does not know `concept` and puts them into `a photo of $ , {text}`, which", True),
    ],
)
def test_the_card_and_the_index_say_which_template_it_is(measured, tmp_path, capsys, protocol, method, card, warned):
    folder, photos = measured(protocol, method), tmp_path / "photos"
    photos.mkdir()
    picture("3").save(photos / "a.png")
    capsys.readouterr()
    words = ["index", str(photos), "--from", str(folder), "--out", str(tmp_path / "index"), "--device", "cpu"]
    assert main([*words, "--plugin", str(PLUGIN)]) == 0
    said = capsys.readouterr().err
    written = (tmp_path / "index" / "model" / "README.md").read_text()
    assert card in written
    assert ("query texts" in written.lower()) == bool(card)
    assert (card in said and said.count("\n") == 1) if warned else said == ""


@pytest.fixture
def described(tmp_path):
    """The folder of a finished cell of a method that reads descriptions of the target, which end as they like."""
    texts = {"q0": "A note, worn. ", "q1": "A {small} hat"}
    header = {"artefact": "target-text", "version": 1, "per": "query", "dataset": "worded", "split": "test"}
    made = {"model": "a person", "prompt": "", "date": "2026-01-01", "licence": "MIT", "texts": texts}
    (tmp_path / "texts.json").write_text(json.dumps(header | made))
    words = ["-m", "cirevl", "-b", "worded/sentence", "--plugin", str(PLUGIN), "--device", "cpu"]
    artefact = ["--artefact", f"target-text={tmp_path / 'texts.json'}"]
    places = ["--out", str(tmp_path / "runs"), "--cache-dir", str(tmp_path / "cache")]
    assert main(["run", *words, *artefact, *places]) == 0
    (record,) = read_records(tmp_path / "runs")[0]
    return record.parent, texts


def test_a_text_in_the_place_of_an_artefacts_is_read_as_that_was(described):
    folder, texts = described
    retriever = cir_bench.load(folder, device="cpu", plugins=[PLUGIN])
    retriever.set_gallery([picture(name) for name in "0123"])
    for query, (ids, scores) in stored(folder).items():
        hits = retriever.search(picture(QUERIES[query][0]), texts[query], k=4)
        assert [hit.image.removeprefix("image-") for hit in hits] == ids
        assert [hit.score for hit in hits] == pytest.approx(scores, abs=1e-6)


def test_a_search_says_that_it_takes_a_text_for_one_of_an_artefact(described, tmp_path, capsys):
    photos, index = tmp_path / "photos", str(tmp_path / "index")
    photos.mkdir()
    picture("3").save(photos / "a.png")
    capsys.readouterr()
    pytest.importorskip("starlette", reason="the server needs starlette, of .[serve]")
    nowhere = ["--host", "192.0.2.1", "--token", "0" * 16]
    for words, expected in (
        (["index", str(photos), "--from", str(described[0]), "--out", index], 0),
        (["search", index, "--image", str(photos / "a.png"), "--text", "a hat"], 0),
        (["serve", index, *nowhere], 2),
    ):
        assert main([*words, "--device", "cpu", "--plugin", str(PLUGIN)]) == expected
        said = capsys.readouterr().err.splitlines()[0]
        assert "cirevl reads texts of the artefact `target-text` in the place of modification texts" in said
    assert "artefact `target-text`" in (tmp_path / "index" / "model" / "README.md").read_text()
