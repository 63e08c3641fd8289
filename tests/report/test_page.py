"""The report as a page: self-contained, escaped, the same for the same records, every number with its conditions."""

import base64
import hashlib
import re

import pytest

from cir_bench.report import report_page

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&{{7*7}}"


@pytest.fixture
def page(cell, shown):
    for seed in range(2):
        cell("tirg", 0.5, seed=seed)
        cell("val", 0.2, seed=seed)
        cell("sum", 0.1, seed=seed)
        cell("random", 0.02, seed=seed)
    return lambda **given: report_page(shown(), **given)


def test_it_asks_nothing_of_a_network(page, parse):
    parsed = parse(page())
    loads = [
        attributes[name]
        for _, attributes in parsed.tags
        for name in ("src", "href", "action", "data")
        if name in attributes
    ]
    assert all(where.startswith("#") for where in loads)
    assert not [tag for tag, _ in parsed.tags if tag in {"link", "iframe", "object", "img", "base"}]
    assert "url(" not in page() and "@import" not in page()


def test_a_browser_is_told_to_load_nothing_and_to_run_no_script_but_ours(page, parse):
    text = page()
    (policy,) = [
        one["content"] for one in parse(text).all("meta") if one.get("http-equiv") == "Content-Security-Policy"
    ]
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy
    assert not [name for _, attributes in parse(text).tags for name in attributes if name.startswith("on")]


def test_the_same_records_give_the_same_bytes(page):
    assert page() == page()


def test_every_section_says_what_its_numbers_were_measured_under(page, parse):
    text = parse(page()).text
    for fact in (
        "made-up / test@1",
        "controlled track",
        "encoder tiny",
        "Queries 40",
        "Gallery, images 60",
        "Seeds 0, 1",
    ):
        assert fact in text, fact
    assert "Synthetic: the images are rendered by a program" in text
    conditions = re.findall(r'<p class="conditions">(.*?)</p>', page())
    assert conditions and set(conditions) == {
        "made-up/test@1 · controlled track · tiny · 40 queries, 60 images · seeds 0, 1 · synthetic"
    }
    assert len(conditions) == page().count("<figure") + page().count('class="tags"')


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"encoder": {"pixel_free": True}}, "Pixel-free: images are represented by something else than their pixels"),
        (
            {"encoder": {"decoders": {"test": "torchvision on cpu"}}},
            "JPEG files decoded by torchvision on cpu for tirg;",
        ),
        ({"dataset": {"missing_images": 7}}, "Partial: 7 images of the evaluation are missing;"),
    ],
)
def test_what_a_number_must_say_of_itself_stands_there(cell, shown, parse, changes, words):
    cell("tirg", **changes)
    assert words in parse(report_page(shown())).text


def test_methods_that_do_not_differ_share_a_place_and_what_one_beats_is_named(cell, shown, parse):
    for name, quality in (("good", 0.6), ("same", 0.6), ("bad", 0.03)):
        for seed in range(3):
            cell(name, quality, seed=seed)
    text = report_page(shown())
    places = re.findall(r'<td class="place"[^>]*>(.*?)</td>', text)
    assert places == ["1=", "1=", "3"]
    assert re.findall(r'<td class="beats"[^>]*>(.*?)</td>', text) == ["bad", "bad", "–"]
    assert "Rows that share a place (1=) do not differ from the best of them" in parse(text).text


def test_without_the_queries_ranks_nothing_is_said_of_whether_rows_differ(cell, shown, parse):
    cell("one", 0.6, kept=False)
    cell("other", 0.5, kept=False)
    text = parse(report_page(shown())).text
    assert "Places are the plain order of the means" in text
    assert "do not differ;" not in text


def test_a_sentinel_has_no_place_and_stays_at_the_bottom(page):
    rows = re.findall(r"<tr data-method=.*?</tr>", page(), re.DOTALL)
    (last,) = [row for row in rows if "data-last" in row]
    board = [row for row in rows if 'class="place"' in row]
    assert board[-1] == last
    assert re.search(r'<td class="place"[^>]*>–</td>', last)


def test_what_did_not_run_stands_there_with_its_reason(page, failed_cell, parse):
    failed_cell("broken", exception="ValueError: no such thing", hint="report it to its author")
    text = parse(page()).text
    assert "Did not run broken" in text
    assert "ValueError: no such thing (cir-bench-x 0.3, training); report it to its author" in text


def test_tuning_budgets_have_a_column_a_filter_and_places_of_their_own(cell, tuned_cell, shown, parse):
    for name in ("a", "b"):
        cell(name)
        tuned_cell(name)
    page = parse(report_page(shown()))
    assert [tag["data-tuning"] for tag in page.all("tr") if "data-tuning" in tag] == ["20 × 30", "20 × 30", "", ""]
    assert "rows were tuned with different budgets (20 × 30, none)" in page.text
    assert "Tuning: how many trials" in page.text
    assert [tag["value"] for tag in page.all("option")] == ["", "", "", "", "", "tuned", "not tuned", "20 × 30"]


def test_without_a_tuned_row_nothing_is_said_of_tuning(page, parse):
    found = parse(page())
    assert "uning" not in found.text
    assert "tuning" not in [tag["name"] for tag in found.all("select")]


def test_what_was_left_out_is_said(page, parse):
    assert "runs/x/record.json is no record" in parse(page(damaged=["runs/x/record.json is no record"])).text


def test_text_of_records_is_text_wherever_it_stands(cell, failed_cell, shown, parse):
    plugin = {"distribution": HOSTILE, "version": HOSTILE}
    tags = {HOSTILE: {"n": 20.0, "R@1": 1.0}}  # which no queries give
    for name, own in ((HOSTILE, {}), ("tirg", {"tags": tags, "kept": False})):
        cell(
            name,
            **own,
            variant=f"lr={HOSTILE}",
            cell={"benchmark": HOSTILE, "protocol": HOSTILE, "encoder": HOSTILE},
            protocol={"description": HOSTILE, "gallery": HOSTILE, "query_text": HOSTILE},
            encoder={"plugin": plugin},
            method={"plugin": plugin},
            environment={"device": HOSTILE},
            history=[{"stage": HOSTILE, "epoch": 0, "terms": {HOSTILE: 1.0}, "seconds": 1, "selection": 3.0}],
        )
    failed_cell(HOSTILE, exception=HOSTILE, hint=HOSTILE, stage=HOSTILE)
    text = report_page(shown(), damaged=[HOSTILE])
    parsed = parse(text)
    assert len(list(parsed.all("script"))) == 1
    assert not [tag for tag, _ in parsed.tags if tag == "img"]
    assert not [name for _, attributes in parsed.tags for name in attributes if name.startswith("on")]
    assert "49" not in re.findall(r"onerror=alert\(1\)>\"'&(.*?)<", parsed.text)
    assert parsed.text.count(HOSTILE) > 10


def test_the_page_stays_small(page):
    assert len(page().encode()) < 500_000


def test_two_sections_of_one_name_are_told_apart_in_the_contents_and_above_their_tables(cell, shown, parse):
    cell("tirg")
    cell("tirg", ingredients={"data.files": "b" * 64})
    (first, second) = shown()
    assert first.section.apart != second.section.apart
    assert len(first.section.apart) == len(second.section.apart) == 1
    text = parse(report_page((first, second))).text
    for block in (first, second):
        assert text.count(block.section.apart[0]) >= 2


def test_with_one_seed_nothing_is_said_of_a_deviation(cell, shown, parse):
    cell("tirg")
    cell("val")
    text = parse(report_page(shown())).text
    assert "±" not in text and "One seed each: trained models are compared, not methods." in text
