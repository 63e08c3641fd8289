"""``cir-bench compare A B``."""

import json

import numpy as np
import pytest

from cir_bench.cli import main
from cir_bench.records.queries import save_queries
from cir_bench.records.record import write_record

N = 120


@pytest.fixture
def runs(loaded, tmp_path, monkeypatch):
    """``good`` and ``weak`` over two seeds, ``good`` also changed and on another benchmark, ``old`` without queries."""
    rng = np.random.default_rng(0)
    strong = rng.random(N) < 0.6
    cells = [loaded("good", strong, seed) for seed in (0, 1)]
    cells += [loaded("weak", strong & (rng.random(N) < 0.4), seed) for seed in (0, 1)]
    cells += [loaded("good", ~strong, 0, cell={"seed": 0, "variant": "training.epochs=5"})]
    cells += [loaded("lonely", strong, 0, cell={"encoder": "other", "seed": 0})]
    cells += [loaded("old", strong, 0, known=False)]
    for place, one in enumerate(cells):
        folder = write_record(one.record, tmp_path / "runs" / f"{place}-{one.record.cell.method}").parent
        if one.queries is not None:
            save_queries(one.queries, folder)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs"


def said(capsys, *words):
    code = main(["compare", *words])
    found = capsys.readouterr()
    return code, found.out, found.err


def test_a_clear_difference_is_told_with_all_that_belongs_to_it(runs, capsys):
    code, out, _ = said(capsys, "good", "weak", "--flips", "2")
    assert code == 0
    assert "css/test@1 · controlled track · tiny, R@1" in out
    assert "95 % interval [+" in out and "p = 0.000" in out and "accounting for other seeds" in out
    assert "A is better.\n" in out and "B better in 0" in out
    assert out.count("A 100 at 1, B 0 at 2") == 2


def test_as_json_it_has_the_same(runs, capsys):
    _, out, _ = said(capsys, "weak", "good", "--json", "--flips", "3")
    found = json.loads(out)
    assert found["differ"] and found["difference"] < 0 and found["wins"] == 0
    assert found["wins"] + found["ties"] + found["losses"] == N
    assert found["a"].items() >= {"method": "weak", "variant": "", "encoder": "tiny", "seeds": [0, 1]}.items()
    assert len(found["b_better"]) == 3 and found["a_better"] == []


def test_no_difference_is_said_in_words(runs, capsys):
    _, out, _ = said(capsys, "good#0", "good#1")
    assert "They do not differ as far as these queries and seeds can tell." in out
    assert "this compares two trained models, not two methods" in out


@pytest.mark.parametrize(
    ("selector", "seeds"),
    [("good", "0 1"), ("good#1", "1"), ("good[training.epochs=5]", "0"), ("runs/1-good", "1"), ("good[]", "0 1")],
)
def test_a_row_is_named_in_several_ways(runs, capsys, selector, seeds):
    code, out, _ = said(capsys, selector, "weak")
    assert code == 0 and f"seed{'s' if ' ' in seeds else ''} {seeds}\n" in out


def test_another_metric_than_the_headline(runs, capsys):
    assert "R@10" in said(capsys, "good", "weak", "--metric", "R@10")[1].splitlines()[0]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["good", "weka"], "No finished cell is called 'weka'; did you mean 'weak'?"),
        (["good", "lonely"], "never measured under the same conditions (good: css/test@1"),
        (["good", "old"], "'old' cannot be compared, its numbers are only claimed: the results of its queries are not"),
        (["good", "weak", "-b", "fashioniq"], "No finished cell on fashioniq is called 'good'; run cells first"),
        (["good", "sum"], "'sum'; to run it: cir-bench run -m sum -b css/test@1; there are good, lonely, weak."),
        (["good", "sum", "-e", "tiny"], "run -m sum -b css/test@1 -e tiny; there are good, weak."),
        (["good", "sum", "-b", "folder:a-0f"], "No finished cell on folder:a-0f is called 'good'; run cells first"),
        (["sum", "good", "-b", "folder:a-0f"], "to run it: cir-bench run -m sum -b folder:PATH."),
        (["good", "weak#7"], "is called 'weak#7'; there are weak#0, weak#1."),
        (["good", "good[seed=3]"], "there are good#0, good#1, good[training.epochs=5]#0."),
        (["good", "weak", "-e", "big"], "No finished cell with big"),
        (["good", "weak", "--metric", "R@7"], "There is no mean over queries called 'R@7' here"),
        (["good", "runs/nowhere"], "There is no folder runs/nowhere"),
        (["good", "weak]["], "does not name a row"),
        (["good", "./runs"], "matches several rows"),
        (["good", "weak", "--records", "nowhere"], "There is no folder nowhere"),
    ],
    ids=lambda value: " ".join(value)[:40],
)
def test_a_mistake_is_one_sentence(runs, capsys, words, sentence):
    code, out, err = said(capsys, *words)
    assert (code, out) == (2, "")
    assert sentence in err and err.count("\n") == 1


def test_a_benchmark_may_be_named_with_its_protocol(runs, capsys):
    for name in ("css", "css/test", "css/test@1"):
        assert said(capsys, "good", "weak", "-b", name)[0] == 0


def test_a_record_that_was_left_out_is_exit_code_1(runs, capsys):
    (runs / "broken").mkdir()
    (runs / "broken" / "record.json").write_text("{")
    code, out, err = said(capsys, "good", "weak")
    assert code == 1 and "A is better" in out and "warning: " in err


def test_other_tuning_budgets_are_said(runs, capsys, loaded):
    hits = np.arange(N) < 60
    tuning = {"trials": 20, "epochs": 30, "digest": "d" * 64}
    tuned = loaded("good", hits, 0, cell={"seed": 0, "variant": "tuned=20x30"}, tuning=tuning)
    save_queries(tuned.queries, write_record(tuned.record, runs / "tuned").parent)
    _, out, _ = said(capsys, "good[tuned=20x30]", "weak#0")
    assert "They were not tuned with the same budget: A 20 × 30 (trials × epochs), B not at all." in out
    _, out, _ = said(capsys, "good#1", "weak#1")
    assert "budget" not in out
