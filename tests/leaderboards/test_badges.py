"""Re-scored, reproduced, claimed."""

import json
from pathlib import Path

import numpy as np
import pytest

from cir_bench.leaderboards import build, render
from cir_bench.records.load import StoredRecord
from cir_bench.report import report_page, report_sections

N = 40
ELSEWHERE = {"environment": {"platform": "macOS", "device": "cpu (arm64)"}, "finished": "2019-05-01T00:00:00Z"}


@pytest.fixture
def one(loaded):
    """A cell whose first ``right`` queries hit."""

    def make(right, seed=0, **changes):
        return loaded("tirg", np.arange(N) < right, seed, **changes)

    return make


def only_row(*records):
    (section,) = build(records).sections
    (row,) = section.rows
    return row


def test_a_row_whose_queries_are_known_is_re_scored_and_needs_no_remark(one):
    row = only_row(one(20))
    assert row.badge == "re-scored" and row.remarks == ()
    assert json.loads(build([one(20)]).model_dump_json())["sections"][0]["rows"][0]["badge"] == "re-scored"


def test_a_cell_that_did_not_run_has_none(failed):
    assert only_row(failed()).badge == ""


def test_a_claim_says_why(one):
    row = only_row(StoredRecord(one(20).record, Path(), doubt="nobody knows"))
    assert (row.badge, row.rank, row.remarks) == ("claimed", None, ("claimed: nobody knows",))


def test_an_independent_record_that_agrees_reproduces_it(one):
    row = only_row(one(20), one(20, **ELSEWHERE))
    assert row.badge == "reproduced" and "reproduced" in row.remarks
    text = render(build([one(20), one(20, **ELSEWHERE)]))
    assert ": seed 0: the newest of 2 records\n" in text and ": reproduced\n" in text


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"finished": "2019-05-01T00:00:00Z"},
        {**ELSEWHERE, "finished": "2020-01-01T00:00:00Z"},
        {**ELSEWHERE, "ingredients": {"method.training.lr": "0.1"}},
    ],
    ids=["itself", "the same machine", "the same time", "other ingredients"],
)
def test_a_record_that_is_not_independent_does_not(one, changes):
    assert only_row(one(20), one(20, **changes)).badge == "re-scored"


def test_the_same_machine_counts_if_the_records_are_of_another_folder(one):
    other = one(20, finished="2019-05-01T00:00:00Z")
    assert only_row(one(20), StoredRecord(other.record, Path(), other.queries, Path("theirs"))).badge == "reproduced"


def test_one_that_disagrees_is_said(one):
    row = only_row(one(20), one(18, **ELSEWHERE))
    assert row.badge == "re-scored"
    assert "not reproduced: seed 0 has 50.00 here and 45.00 in another record" in row.remarks


def test_over_several_seeds_it_may_differ_by_their_spread(one):
    assert only_row(one(20), one(16, 1), one(19, **ELSEWHERE)).badge == "reproduced"
    assert only_row(one(20), one(16, 1), one(10, **ELSEWHERE)).badge == "re-scored"


def test_a_claim_reproduces_nothing(one):
    claim = StoredRecord(one(20, **ELSEWHERE).record, Path(), doubt="nobody knows")
    ranked, claimed = build([one(20), claim]).sections
    assert (ranked.rows[0].badge, claimed.rows[0].badge) == ("re-scored", "claimed")


def test_the_report_shows_them(one):
    page = report_page(report_sections([one(20), one(20, **ELSEWHERE)]))
    assert '<small class="badge reproduced" title="An independent record of the same cell agrees.">reproduced<' in page


def test_declared_training_data_is_in_the_json(make):
    row = only_row(make("tirg", training_data=("css/train", "webtext")))
    assert row.training_data == ("css/train", "webtext")
    assert only_row(make("tirg")).training_data == ()
