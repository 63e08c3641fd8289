"""A search puts query texts into the template of the run, or says that it cannot."""

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
