"""What was measured stays measured: no committed record is stale because of its parameters, versions or protocol."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from cir_bench.config import dotted
from cir_bench.interfaces.cell_key import CellKey
from cir_bench.plugin.loader import load_plugins
from cir_bench.records.load import load_records
from cir_bench.records.record import RunRecord
from cir_bench.records.tuning import read_tunings
from cir_bench.runs.cell import Cell
from cir_bench.runs.request import RunRequest
from cir_bench.runs.resolve import resolve

RECORDS = Path(__file__).parents[2] / "leaderboard" / "records"
ENCODERS = {"css": "tiny", "fashioniq": "captions"}
"""On the first protocol of each."""
WEIGHTS = RECORDS.parent / "weights"
"""Files of published weights, ``METHOD.safetensors``, which were evaluated on css."""


def request(benchmark: str, methods: Iterable[str], encoder: str = "", **options: Any) -> RunRequest:
    encoders = (encoder or ENCODERS[benchmark],)
    return RunRequest(methods=tuple(methods), benchmarks=(benchmark,), encoders=encoders, **options)


def cells_of_today(benchmark: str, records: list[RunRecord]) -> dict[CellKey, Cell]:
    """The cells of all methods and encoders that have records, tuned where there is a tuning, and of the weights."""
    registry, asked = load_plugins(environ={}), []
    for encoder in dict.fromkeys(record.cell.encoder for record in records):
        methods = dict.fromkeys(record.cell.method for record in records if record.cell.encoder == encoder)
        tuned = RECORDS / benchmark / "tuning" if encoder == ENCODERS[benchmark] else None
        asked.append(request(benchmark, methods, encoder, seeds=3, tuned=tuned))
    if benchmark == "css":
        files = sorted(WEIGHTS.glob("*.safetensors"))
        asked += [request(benchmark, [file.stem], weights=(f"{file.stem}={file}",)) for file in files]
    return {cell.key: cell for one in asked for cell in resolve(one, registry)}


def records_of(benchmark: str) -> list[RunRecord]:
    stored, damaged = load_records([RECORDS / benchmark])
    assert damaged == []
    return [one.record for one in stored]


@pytest.mark.parametrize("benchmark", ENCODERS)
def test_a_cell_of_today_has_the_ingredients_of_its_committed_record(benchmark: str) -> None:
    records = records_of(benchmark)
    cells = cells_of_today(benchmark, records)
    assert cells.keys() == {record.cell for record in records}
    for record in records:
        now = cells[record.cell].static_ingredients()
        assert {name: record.ingredients.get(name) for name in now} == now, record.cell
        unknown = {name for name in record.ingredients.keys() - now.keys() if name.startswith(("method.", "composer."))}
        assert not unknown, record.cell


@pytest.mark.parametrize("benchmark", ENCODERS)
def test_the_recipes_are_what_the_committed_tunings_chose(benchmark: str) -> None:
    """So a plain run computes what the committed leaderboard shows."""
    chosen = {one.cell.method: one.best.values for one in read_tunings(RECORDS / benchmark / "tuning").values()}
    own = [record for record in records_of(benchmark) if record.cell.encoder == ENCODERS[benchmark]]
    records = [record for record in own if record.selection and record.selection.on == "held-out"]
    assert chosen.keys() == {record.cell.method for record in records}, "others have no score to choose by"
    for cell in resolve(request(benchmark, chosen), load_plugins(environ={})):
        values, best = dotted(cell.method_params.model_dump()), chosen[cell.key.method]
        assert {key: values[key] for key in best} == best, cell.key.method
