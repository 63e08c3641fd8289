"""CLVC-Net in the harness: pairings, encoder copies, an ablation as a cell, on the toy of painted images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cir_bench.cli.app import main
from cir_bench.records.load import read_records
from cir_bench.records.record import RunRecord

TOY = Path(__file__).parents[2] / "support" / "toy_plugin.py"
SMALL = {"encoder.image_size": 32, "encoder.width": 8, "encoder.word_width": 8, "encoder.lstm_width": 8, "width": 8}


@pytest.fixture
def cir_bench(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def call(verb: str, *options: str) -> tuple[int, str]:
        where = ["--out", str(tmp_path / "runs"), "--cache-dir", str(tmp_path / "cache"), "--device", "cpu"]
        code = main([verb, "--plugin", str(TOY), "-b", "toy", "-m", "clvcnet", *where, *options])
        said = capsys.readouterr()
        return code, said.out + said.err

    return call


def records(tmp_path: Path) -> list[RunRecord]:
    return list(read_records(tmp_path / "runs")[0].values())


def settings(**more: object) -> list[str]:
    chosen = SMALL | {f"training.{name}" if name != "ablation" else name: value for name, value in more.items()}
    return [word for name, value in chosen.items() for word in ("--set", f"{name}={value}")]


def test_an_encoder_without_maps_is_refused_by_plan_with_what_would_do(cir_bench) -> None:
    _, said = cir_bench("plan", "-e", "toy")
    line = next(line for line in said.splitlines() if line.startswith("refused"))
    assert "maps" in line
    assert "tokens" in line
    assert "cnn-lstm" in line


def test_from_pixels_both_copies_of_the_encoder_are_trained(cir_bench, tmp_path) -> None:
    """Twice the parameters of one network's cell, and all seven terms; a row of Table 3 is a cell of its own."""
    for ablation in ("none", "local-only"):
        more = settings(epochs=1, batch_size=64, ablation=ablation)
        code, said = cir_bench("run", "-e", "cnn-lstm:small", *more)
        assert code == 0, said
    whole, local = sorted(records(tmp_path), key=lambda record: -len(record.history[0].terms))
    assert len(whole.history[0].terms) == 7
    assert set(local.history[0].terms) == {"L_lc", "L_lp"}
    assert whole.method.trained_parameters > 1.8 * local.method.trained_parameters
