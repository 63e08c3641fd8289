"""The markdown, to the letter where it matters."""

import re

import pytest

from cir_bench.leaderboards import build, render
from cir_bench.leaderboards.markdown import Markdown
from cir_bench.leaderboards.markdown import split_row as cells
from cir_bench.leaderboards.table import size

SECTION = """\
## css/test@1 · controlled track · encoder tiny

rendered scenes

- Protocol `test@1`, hash `b267c96db6db`: the reference image is removed from the ranking; gallery: split; \
query text: single.
- 2,000 queries against 4,000 images; trained on 10,000 triplets.
- Encoder `tiny` (cir-bench 0.1.0): frozen, weights `eeeeeeeeeeee`, float32, preprocessing resize 64.
- Seeds 0, 1, but not in every row: see the column.
- Sorted by `R@1`.
- **Synthetic**: the images are rendered by a program; a result here is no result on photographs.
- Times: on cpu (x86_64) (float32, 2 threads, torch 2.15.0).
"""


def table_of(text):
    lines = [cells(line) for line in text.splitlines() if line.startswith("|")]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[2:]]


def test_a_whole_section(make, failed):
    records = [make("tirg", 40.0), make("tirg", 42.0, cell={"seed": 1}), make("random", 0.5), failed()]
    text = render(build(records))
    heading, _, table = text[text.index("## ") :].partition("\n\n|")
    assert heading + "\n" == SECTION
    why = r"did not run: ValueError: no \| such thing (cir-bench-broken 0.3, training); report it to its author"
    cost = ["1.05 M", "61.5", "0.250", "512"]
    assert [cells(line) for line in f"|{table}".splitlines()[:1] + table.splitlines()[2:]] == [
        ["#", "method", "R@1", "R@5", "R@10", "seeds", "parameters", "train (s)", "ms/query", "peak (MiB)", "remarks"],
        ["1", "`tirg`", "41.00 ± 1.41", "51.00 ± 1.41", "61.00 ± 1.41", "2 (0 1)", *cost, ""],
        ["–", "`random`", "0.50", "10.50", "20.50", "1 (0)", *cost, ""],
        ["–", "`broken`", "", "", "", "1 (0)", "", "", "", "", why],
    ]
    assert text.endswith("|\n")


def test_the_introduction_says_how_to_read_it():
    assert render(build([])).startswith("# Leaderboard\n")
    assert "do not compare" in render(build([]))


def test_the_paper_track_names_each_row_s_encoder(make):
    records = [make("tirg", cell={"track": "paper", "encoder": "cnn-lstm"}, encoder={"trained": True})]
    text = render(build(records))
    assert [row["encoder"] for row in table_of(text)] == ["`cnn-lstm`"]
    assert "Encoder `cnn-lstm` (cir-bench 0.1.0): trained by the cells that train, float32" in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dataset": {"missing_images": 3303}}, "**Partial**: 3,303 images of the evaluation are missing"),
        ({"dataset": {"missing_triplets": 7}}, "**Partial**: images of 7 training triplets are missing"),
        ({"encoder": {"pixel_free": True}}, "**Pixel-free**"),
        ({"protocol": {"reference": "kept"}}, "the reference image is kept in the ranking"),
        ({"dataset": {"n_train": 0}}, "2,000 queries against 4,000 images."),
    ],
    ids=str,
)
def test_what_to_be_careful_about_is_said_in_words_and_only_then(make, change, words):
    assert words in render(build([make(**change)]))
    assert words not in render(build([make()]))


def test_parts_have_their_own_sizes(make):
    record = make().model_copy(
        update={"n_queries": {"shirt": 2038, "dress": 2017}, "n_gallery": {"dress": 3817, "shirt": 6346}}
    )
    assert "- 4,055 queries: dress 2,017 against 3,817 images, shirt 2,038 against 6,346 images;" in render(
        build([record])
    )


def test_equal_seeds_are_counted_not_listed(make):
    records = [make(name, cell={"seed": seed}) for name in ("tirg", "sum") for seed in (0, 1, 2)]
    text = render(build(records))
    assert [row["seeds"] for row in table_of(text)] == ["3", "3"]
    assert "- Seeds 0, 1, 2.\n" in text


def test_trained_parameters_have_a_column_when_they_are_others(make):
    assert "trained" not in table_of(render(build([make()])))[0]
    (row,) = table_of(render(build([make(method={"trained_parameters": 23_500_000})])))
    assert (row["parameters"], row["trained"]) == ("1.05 M", "23.5 M")


def test_a_metric_that_a_row_lacks_is_a_dash(make):
    rows = table_of(render(build([make("tirg", metrics={"R@1": 2.0}), make("sum", metrics={"R@1": 1.0, "MRR": 3.0})])))
    assert [row["MRR"] for row in rows] == ["–", "3.00"]


@pytest.mark.parametrize("name", ["evil|name", "two\nlines", "tick`tick", "<b>bold</b>"])
def test_no_name_and_no_exception_can_break_the_table(make, failed, name):
    text = render(build([make(name), failed(failure={"exception": name}), make("tirg", cell={"variant": f"a={name}"})]))
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(lines) == 5
    assert len({len(cells(line)) for line in lines}) == 1


def test_texts_of_others_are_shortened_and_cannot_mark_anything_up():
    assert Markdown().plain("a\n  b <i>*x*</i> [l](u)") == r"a b &lt;i&gt;\*x\*&lt;/i&gt; \[l\](u)"
    assert len(Markdown().plain("x" * 1000)) == 240


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (812, "812"),
        (36_640, "36.6 k"),
        (999_700, "1 M"),
        (1_050_000, "1.05 M"),
        (23_512_000, "23.5 M"),
        (2 * 10**9, "2 G"),
    ],
)
def test_sizes_have_three_digits(number, text):
    assert size(number) == text


def test_a_reported_number_stands_beside_the_measured_one_with_its_source(make):
    fashion = {
        "cell": {"benchmark": "fashioniq", "protocol": "original@1", "encoder": "captions"},
        "headline": "Rmean",
    }
    metrics = {"Rmean": 9.0, "mean/R@10": 4.3, "mean/R@50": 9.4, "dress/R@10": 4.0}
    text = render(build([make("image-only", metrics=metrics, **fashion), make("mine", metrics=metrics, **fashion)]))
    known, mine = table_of(text)
    assert (known["mean/R@10"], known["reported mean/R@10"]) == ("4.30", "6.87 (A)")
    assert mine["reported mean/R@10"] == ""
    assert not any(key.startswith("reported") and key.endswith(("dress/R@10", "Rmean")) for key in known)
    assert re.search(r"^\(A\) SADN .*Table 4: Image Only, on openclip:RN50x4; another encoder than here\.$", text, re.M)


def test_every_source_on_one_method_has_its_letter(make):
    record = make(
        "combiner",
        cell={"benchmark": "fashioniq", "protocol": "original@1", "encoder": "openclip:RN50x4"},
        metrics={"mean/R@10": 30.0},
        headline="mean/R@10",
    )
    text = render(build([record]))
    numbers = table_of(text)[0]["reported mean/R@10"]
    assert numbers == "35.39 (B) -5.39; 37.89 (C) -7.89; 38.32 (D) -8.32; 38.40 (A) -8.40"
    assert "another encoder" not in text


@pytest.mark.parametrize(
    "change", [{"protocol": "original@2"}, {"protocol": "val-union@1"}, {"variant": "training.epochs=1"}], ids=str
)
def test_nothing_is_reported_under_another_protocol_or_for_a_variant(make, change):
    cell = {"benchmark": "fashioniq", "protocol": "original@1"} | change
    text = render(build([make("tirg", cell=cell, metrics={"mean/R@10": 1.0}, headline="mean/R@10")]))
    assert not any(header.startswith("reported") for header in table_of(text)[0])
