"""Pages of queries of a real run on the toy benchmark: images, ranks, explanations, and when there are none."""

import json
import re
import shutil
from dataclasses import replace

import pytest

from cir_bench.records.record import RunRecord, write_record
from cir_bench.report.examples import pages, queries


@pytest.fixture(scope="module")
def report(toy, tmp_path_factory):
    out = tmp_path_factory.mktemp("report") / "report"
    assert toy.report(out, "--examples", "4") == 0
    return out


def page(folder, name):
    (path,) = folder.glob(f"*-{name}.html")
    return path.read_text(encoding="utf-8")


@pytest.fixture
def copied(toy, tmp_path):
    """The run's records again, each changed as JSON by ``edit``."""

    def change(edit):
        runs = tmp_path / f"runs-{len(list(tmp_path.iterdir()))}"
        shutil.copytree(toy.runs, runs)
        for path in runs.rglob("record.json"):
            record = json.loads(path.read_text(encoding="utf-8"))
            edit(record)
            write_record(RunRecord.model_validate(record), path.parent)
        return runs

    return change


def test_three_pages_are_next_to_the_report_and_linked(report, parse):
    index = (report / "index.html").read_text(encoding="utf-8")
    hrefs = {one["href"] for one in parse(index).all("a") if not one["href"].startswith("#")}
    assert hrefs == {path.name for path in report.iterdir()} - {"index.html"}
    assert len(hrefs) == 3


def test_a_page_asks_nothing_of_a_network(report, parse):
    for path in report.iterdir():
        text = path.read_text(encoding="utf-8")
        places = [a[n] for _, a in parse(text).tags for n in ("src", "href") if n in a and not a[n].startswith("#")]
        assert all(re.fullmatch(r"[\w-]+\.html", place) for place in places)
        assert all(url.startswith("data:image/jpeg;base64,") for url in re.findall(r"url\((.*?)\)", text))


def test_every_query_has_its_text_its_images_and_ten_of_each_method(report, parse):
    text = page(report, "sample")
    assert text.count('<article class="query">') == 4
    for question in re.findall(r'<article class="query">.*?</article>', text, re.DOTALL):
        assert re.search(r"<q>[abc] [0-4]</q>", question)
        assert 'aria-label="reference image' in question and 'aria-label="target ' in question
        for method in ("sum", "tirg", "sadn"):
            assert f'aria-label="{method}, ten best images"' in question
        assert len(re.findall(r'aria-label="number 10: ', question)) == 3
        assert "random" not in parse(question).text


def test_every_reference_image_of_a_query_is_shown(toy, tmp_path, monkeypatch):
    def with_two_more(*args):
        section = section_queries(*args)
        more = {name: replace(one, further_references=("000", "111")) for name, one in section.queries.items()}
        return replace(section, queries=more)

    section_queries = pages.section_queries
    monkeypatch.setattr(pages, "section_queries", with_two_more)
    assert toy.report(tmp_path / "r", "--examples", "2", "--no-explain") == 0
    for question in re.findall(r'<article class="query">.*?</article>', page(tmp_path / "r", "sample"), re.DOTALL):
        assert re.findall(r'aria-label="reference image (\d+)"', question)[1:] == ["000", "111"]
        assert "<h4>References</h4>" in question


def test_a_target_is_framed_where_the_rank_says_it_is(report):
    for answer in re.findall(
        r'<div class="answer">.*?</div>\s*(?:<details>|</div>)', page(report, "sample"), re.DOTALL
    ):
        rank = float(re.search(r"rank ([\d.,]+)", answer)[1].replace(",", ""))
        hits = [int(number) for number in re.findall(r'aria-label="number (\d+): [^"]*, a target"', answer)]
        assert hits == ([rank] if rank <= 10 else [])


def test_the_failures_are_the_lowest_ranks_of_the_best_method_worst_first(report):
    text = page(report, "failures")
    best = re.search(r"The worst failures of (\w+)", text)[1]
    ranks = [
        float(r.replace(",", "")) for r in re.findall(rf">{best}</span> <span class=\"rank\">rank ([\d.,]+)", text)
    ]
    assert ranks == sorted(ranks, reverse=True)
    assert ranks[0] > 1


def test_the_two_methods_to_compare_can_be_named(toy, tmp_path, parse):
    assert toy.report(tmp_path / "r", "--between", "tirg,sum", "--no-explain", "--examples", "4") == 0
    text = page(tmp_path / "r", "disagree")
    assert "Where tirg and sum disagree" in parse(text).text
    assert "How " not in parse(text).text


def test_sadn_shows_its_neighbours_with_their_weights_from_the_saved_weights(report):
    whys = re.findall(r"How sadn came to it.*?</details>", page(report, "sample"), re.DOTALL)
    assert len(whys) == 4
    for why in whys:
        weights = [float(weight) for weight in re.findall(r"<small>(-?[\d.]+)</small>", why)]
        assert len(weights) == 10
        assert weights == sorted(weights, reverse=True)
    assert "How tirg came to it" not in page(report, "sample")


def test_a_cell_that_is_stale_or_lost_its_weights_explains_nothing_and_says_so(toy, copied, tmp_path, parse):
    def older(record):
        if record["cell"]["method"] == "sadn":
            record["ingredients"]["method.version"] = "0"

    runs = copied(older)
    assert toy.report(tmp_path / "stale", "--examples", "2", records=runs) == 0
    assert (
        "sadn explains nothing here: it is stale (method.version 0 → 1)"
        in parse(page(tmp_path / "stale", "sample")).text
    )
    runs = copied(lambda record: None)
    for weights in runs.rglob("weights-*"):
        weights.unlink()
    assert toy.report(tmp_path / "lost", "--examples", "2", records=runs) == 0
    assert (
        "sadn explains nothing here: the weights of the cell were not kept"
        in parse(page(tmp_path / "lost", "sample")).text
    )


def test_images_that_may_not_be_published_are_left_out_of_what_is_published_and_that_is_said(toy, tmp_path, parse):
    assert toy.report(tmp_path / "r", "--public") == 0
    assert [path.name for path in (tmp_path / "r").iterdir()] == ["index.html"]
    text = parse((tmp_path / "r" / "index.html").read_text(encoding="utf-8")).text
    assert "Pages with example images are left out here" in text
    assert "Nothing is known that permits publishing images of toy (licence: unknown)" in text


def test_the_licence_is_told_also_where_the_rankings_were_not_kept(toy, tmp_path, copied, parse):
    runs = copied(lambda record: None)
    for rankings in runs.rglob("rankings"):
        shutil.rmtree(rankings)
    assert toy.report(tmp_path / "r", "--public", records=runs) == 0
    text = parse((tmp_path / "r" / "index.html").read_text(encoding="utf-8")).text
    assert "Nothing is known that permits publishing images of toy (licence: unknown)" in text


def test_a_page_says_which_methods_it_does_not_show(toy, tmp_path, copied, parse, monkeypatch):
    runs = copied(lambda record: None)
    (lost,) = (path for path in runs.rglob("rankings") if path.parent.parent.name == "sum")
    shutil.rmtree(lost)
    monkeypatch.setattr(queries, "MOST_METHODS", 2)
    options = ("--examples", "2", "--no-explain", "--between", "sum,tirg")
    assert toy.report(tmp_path / "r", *options, records=runs) == 0
    text = parse(page(tmp_path / "r", "sample")).text
    assert "Rankings of sum were not kept." in text and "Only 2 methods are shown; not sadn." in text


def test_and_a_page_of_them_says_that_it_is_not_for_publication(report, parse):
    assert (
        "Not for publication. Nothing is known that permits publishing these images (licence: unknown)"
        in parse(page(report, "sample")).text
    )


def test_pages_of_an_earlier_report_are_not_published_by_mistake(toy, tmp_path, capsys):
    assert toy.report(tmp_path / "r", "--examples", "2", "--no-explain") == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "r").iterdir()}
    assert toy.report(tmp_path / "r", "--public") == 2
    assert "contains pages of an earlier report with images that may not be published" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in (tmp_path / "r").iterdir()} == before


def test_images_that_may_be_published_are(toy, tmp_path, monkeypatch, parse):
    from cir_bench.interfaces.specs import DatasetSpec

    monkeypatch.setattr(DatasetSpec, "__init__", _publishable(DatasetSpec.__init__))
    assert toy.report(tmp_path / "r", "--public", "--examples", "2", "--no-explain") == 0
    assert "Not for publication" not in parse(page(tmp_path / "r", "sample")).text


def _publishable(original):
    def init(self, **given):
        original(self, **{**given, "publishable": True})

    return init


def test_a_record_that_names_other_data_shows_no_image_of_them(toy, copied, tmp_path, parse):
    runs = copied(lambda record: record["ingredients"].update({"data.annotations": "another"}))
    assert toy.report(tmp_path / "r", records=runs) == 0
    assert [path.name for path in (tmp_path / "r").iterdir()] == ["index.html"]
    text = parse((tmp_path / "r" / "index.html").read_text(encoding="utf-8")).text
    assert "No pages with example images the data set 'toy' here differs from that of the records" in text


def test_without_rankings_there_are_no_pages_and_the_report_says_why(toy, copied, tmp_path, parse):
    runs = copied(lambda record: None)
    for file in runs.rglob("*.jsonl.gz"):
        file.unlink()
    assert toy.report(tmp_path / "r", records=runs) == 0
    text = parse((tmp_path / "r" / "index.html").read_text(encoding="utf-8")).text
    assert "no rankings with their best images were kept next to the records" in text


def test_a_page_that_would_be_too_large_has_fewer_queries(toy, tmp_path, monkeypatch):
    assert toy.report(tmp_path / "whole", "--examples", "8", "--no-explain") == 0
    size = len(page(tmp_path / "whole", "sample").encode())
    monkeypatch.setattr(pages, "LIMIT", size - 1000)
    monkeypatch.setattr(pages, "LADDER", pages.LADDER[:1])
    assert toy.report(tmp_path / "less", "--examples", "8", "--no-explain") == 0
    less = page(tmp_path / "less", "sample")
    assert len(less.encode()) < size - 1000
    assert less.count("<article") == 4
