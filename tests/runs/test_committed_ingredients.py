"""What was measured stays measured: no committed record is stale because of its parameters, versions or protocol."""

from pathlib import Path

import pytest

from cir_bench.config import dotted
from cir_bench.plugin.loader import load_plugins
from cir_bench.records.load import load_records
from cir_bench.records.record import RunRecord
from cir_bench.records.tuning import read_tunings
from cir_bench.runs.request import RunRequest
from cir_bench.runs.resolve import resolve, resolve_all
from cir_bench.runs.suite import load_suite

RECORDS = Path(__file__).parents[2] / "leaderboard" / "records"
TUNING = RECORDS / "css" / "tuning"
REQUESTS = {
    "css": lambda methods: [RunRequest(methods=methods, seeds=3, tuned=TUNING)],
    "fashioniq": lambda methods: load_suite("ablations/sadn-compositors-fashioniq", {}),
}


def records_of(benchmark: str) -> list[RunRecord]:
    stored, damaged = load_records([RECORDS / benchmark])
    assert damaged == []
    return [one.record for one in stored]


@pytest.mark.parametrize("benchmark", REQUESTS)
def test_a_cell_of_today_has_the_ingredients_of_its_committed_record(benchmark: str) -> None:
    records = records_of(benchmark)
    methods = tuple(dict.fromkeys(record.cell.method for record in records))
    cells = {cell.key: cell for cell in resolve_all(REQUESTS[benchmark](methods), load_plugins(environ={}))}
    for record in records:
        now = cells[record.cell].static_ingredients()
        assert {name: record.ingredients.get(name) for name in now} == now, record.cell
        unknown = {name for name in record.ingredients.keys() - now.keys() if name.startswith(("method.", "composer."))}
        assert not unknown, record.cell


def test_the_recipes_of_css_are_what_the_committed_tunings_chose() -> None:
    """So a plain run computes what the committed leaderboard shows."""
    chosen = {tuning.cell.method: tuning.best.values for tuning in read_tunings(TUNING)}
    records = [record for record in records_of("css") if record.selection and record.selection.on == "held-out"]
    assert chosen.keys() == {record.cell.method for record in records}, "others have no score to choose by"
    for cell in resolve(RunRequest(methods=tuple(chosen)), load_plugins(environ={})):
        values, best = dotted(cell.method_params.model_dump()), chosen[cell.key.method]
        assert {key: values[key] for key in best} == best, cell.key.method
