"""The suites of the paper's tables hold every row, and every point is one that the method takes."""

from __future__ import annotations

import pytest

from cir_bench.runs.suite import load_suite
from cir_bench_sadn.params import SadnParams

SWITCHES = {name for name in SadnParams.model_fields["ablation"].annotation.__args__ if name != "none"}


def points(suite: str) -> list[dict[str, object]]:
    return [dict(one.settings) for one in load_suite(f"ablations/{suite}", {}) if "sadn" in one.methods]


@pytest.mark.parametrize("suite", ["sadn", "sadn-compositors", "sadn-sensitivity"])
def test_every_point_is_valid_and_none_is_there_twice(suite) -> None:
    found = [SadnParams.model_validate(point) for point in points(suite)]
    named = [str(sorted(point.items())) for point in points(suite)]
    assert found
    assert len(set(named)) == len(named)


def test_tables_3_and_5_are_the_whole_and_every_switch() -> None:
    assert {} in points("sadn")
    assert {point["ablation"] for point in points("sadn") if point} == SWITCHES


def test_table_4_has_every_compositor_with_and_without() -> None:
    alone = {method for one in load_suite("ablations/sadn-compositors", {}) for method in one.methods} - {"sadn"}
    assert {SadnParams.model_validate(point).base for point in points("sadn-compositors")} == alone
    assert len(alone) == 5


def test_figure_3_varies_one_thing_at_a_time_around_the_paper_s() -> None:
    papers = {"neighbours": 10, "gamma": 2, "lambda_adapt": 100}
    assert papers in points("sadn-sensitivity")
    swept: dict[str, list[object]] = {name: [value] for name, value in papers.items()}
    for point in points("sadn-sensitivity"):
        for name, value in point.items() - papers.items():
            swept[name].append(value)
    assert len(points("sadn-sensitivity")) == 1 + 4 + 4 + 4
    assert {name: sorted(values) for name, values in swept.items()} == {
        "neighbours": [1, 5, 10, 15, 20],
        "gamma": [0, 1, 2, 3, 4],
        "lambda_adapt": [0, 50, 100, 150, 200],
    }
