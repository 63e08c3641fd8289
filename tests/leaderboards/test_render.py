"""The markdown, to the letter where it matters."""

import re

import pytest
from support.leaderboard_tables import MORE, REPORTED, tables

from cir_bench.leaderboards import Leaderboard, build, render, render_csv
from cir_bench.leaderboards.markdown import Markdown
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


def test_a_whole_section(make, failed):
    records = [make("tirg", 40.0), make("tirg", 42.0, cell={"seed": 1}), make("random", 0.5), failed()]
    text = render(build(records))
    heading = text[text.index("## ") :].partition("\n\n|")[0]
    assert heading + "\n" == SECTION
    why = r"did not run: ValueError: no \| such thing (cir-bench-broken 0.3, training); report it to its author"
    assert rf"- \* `broken`: {why}" in text.splitlines()
    found = tables(text)
    assert [list(row.values()) for row in [dict(zip(found[""][0], found[""][0], strict=True)), *found[""]]] == [
        ["#", "method", "R@1", "R@5", "R@10", "seeds", "parameters", "ms/query"],
        ["1", "`tirg`", "41.00 ± 1.41", "51.00 ± 1.41", "61.00 ± 1.41", "2 (0 1)", "1.05 M", "0.250"],
        ["–", "`random`", "0.50", "10.50", "20.50", "1 (0)", "1.05 M", "–"],
        ["–", r"`broken` \*", "did not run", "", "", "1 (0)", "", ""],
    ]
    assert found[MORE] == [
        {"method": "`tirg`", "train (s)": "61.5", "peak (MiB)": "512"},
        {"method": "`random`", "train (s)": "–", "peak (MiB)": "–"},
    ]
    assert text.endswith("|\n")


def test_no_table_has_more_than_nine_columns_in_front(make):
    """Of a benchmark with many metrics, those that the headline is the mean of come before the others."""
    names = ("R@1", "R@5", "R@10", "R@50", "R_subset@1", "R_subset@2", "Rmean", "MRR")
    metrics = dict.fromkeys(names, 50.0)
    record = make("tirg", metrics=metrics, headline="Rmean", cell={"track": "paper"})
    (section,) = build([record]).sections
    section = section.model_copy(update={"headline_of": ("R@5", "R_subset@1")})
    found = tables(render(Leaderboard(sections=(section,))))
    assert list(found[""][0])[:6] == ["#", "method", "encoder", "Rmean", "R@5", "R_subset@1"]
    assert len(found[""][0]) == 9
    assert set(names) < set(found[""][0]) | set(found[MORE][0])


def test_a_recall_as_deep_as_the_gallery_is_no_column(make):
    """It is 100 for every method; other metrics say something at any depth, and CSV and JSON keep it."""
    metrics = {"R@1": 50.0, "R@30": 100.0, "R@50": 100.0, "nDCG@50": 70.0, "R_subset@50": 60.0}
    board = build([make("tirg", metrics=metrics, n_gallery={"": 30})])
    found = tables(render(board))
    assert {"R@1", "nDCG@50", "R_subset@50"} <= {*found[""][0], *found[MORE][0]}
    assert not {"R@30", "R@50"} & {*found[""][0], *found[MORE][0]}
    assert "R@50" in render_csv(board) and "R@50" in board.model_dump_json()
    parts = {"small": 30, "large": 60}
    metrics = {f"{part}/R@50": 90.0 for part in (*parts, "mean")}
    (row,) = tables(render(build([make("tirg", metrics=metrics, headline="mean/R@50", n_gallery=parts)])))[MORE]
    assert "large/R@50" in row and "small/R@50" not in row


def test_a_headline_that_says_nothing_stays_because_the_table_is_sorted_by_it(make):
    (row,) = tables(render(build([make("tirg", metrics={"R@50": 100.0}, headline="R@50", n_gallery={"": 30})])))[""]
    assert row["R@50"] == "100.00"


def test_the_introduction_says_how_to_read_it():
    assert render(build([])).startswith("# Leaderboard\n")
    assert "do not compare" in render(build([]))


def test_the_paper_track_names_each_row_s_encoder(make):
    records = [make("tirg", cell={"track": "paper", "encoder": "cnn-lstm"}, encoder={"trained": True})]
    text = render(build(records))
    assert [row["encoder"] for row in tables(text)[""]] == ["`cnn-lstm`"]
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


def test_what_decoded_jpeg_files_is_one_note_unless_it_was_pillow_everywhere(make):
    decoded = {"encoder": {"decoders": {"test": "torchvision on cuda"}}}
    rows = [make("tirg", **decoded), make("val", **decoded), make("sum")]
    lines = render(build(rows)).splitlines()
    (note,) = [line for line in lines if "JPEG" in line]
    assert "JPEG files: decoded by torchvision on cuda for tirg, val; by Pillow everywhere else, which" in note
    assert "JPEG" not in render(build([make("sum")]))


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
    assert [row["seeds"] for row in tables(text)[""]] == ["3", "3"]
    assert "- Seeds 0, 1, 2.\n" in text


def test_trained_parameters_have_a_column_when_they_are_others(make):
    assert "trained" not in tables(render(build([make()])))[MORE][0]
    found = tables(render(build([make(method={"trained_parameters": 23_500_000})])))
    assert (found[""][0]["parameters"], found[MORE][0]["trained"]) == ("1.05 M", "23.5 M")


def test_a_metric_that_a_row_lacks_is_a_dash(make):
    records = [make("tirg", metrics={"R@1": 2.0}), make("sum", metrics={"R@1": 1.0, "MRR": 3.0})]
    rows = tables(render(build(records)))[""]
    assert [row["MRR"] for row in rows] == ["–", "3.00"]


@pytest.mark.parametrize("name", ["evil|name", "two\nlines", "tick`tick", "<b>bold</b>"])
def test_no_name_and_no_exception_can_break_the_table(make, failed, name):
    text = render(build([make(name), failed(failure={"exception": name}), make("tirg", cell={"variant": f"a={name}"})]))
    assert [len(rows) for rows in tables(text).values()] == [3, 2]  # and all of the same width


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
    assert not any(key.startswith("reported") for key in tables(text)[""][0])
    (line,) = tables(text)[REPORTED]
    assert list(line) == ["method", "mean/R@10", "mean/R@50", "there called", "encoder", "source"]
    assert (line["method"], line["mean/R@10"], line["mean/R@50"]) == ("`image-only`", "6.87", "14.09")
    assert re.fullmatch(r"\[SADN .*Table 4\]\(https://doi.org/.*\)", line["source"])


def test_every_source_on_one_method_has_its_line(make):
    record = make(
        "combiner",
        cell={"benchmark": "fashioniq", "protocol": "original@1", "encoder": "openclip:RN50x4"},
        metrics={"mean/R@10": 30.0},
        headline="mean/R@10",
    )
    lines = tables(render(build([record])))[REPORTED]
    numbers = ["35.39 (-5.39)", "37.89 (-7.89)", "38.32 (-8.32)", "38.40 (-8.40)"]
    assert sorted(line["mean/R@10"] for line in lines) == numbers
    assert len({line["source"] for line in lines}) == 4


@pytest.mark.parametrize(
    "change", [{"protocol": "original@2"}, {"protocol": "val-union@1"}, {"variant": "training.epochs=1"}], ids=str
)
def test_nothing_is_reported_under_another_protocol_or_for_a_variant(make, change):
    cell = {"benchmark": "fashioniq", "protocol": "original@1"} | change
    text = render(build([make("tirg", cell=cell, metrics={"mean/R@10": 1.0}, headline="mean/R@10")]))
    assert REPORTED not in tables(text)
