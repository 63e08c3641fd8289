"""CLVC-Net in the harness: pairings, encoder copies, an ablation as a cell, on the toy of painted images."""

from __future__ import annotations

import pytest

SMALL = {"encoder.image_size": 32, "encoder.width": 8, "encoder.word_width": 8, "encoder.lstm_width": 8, "width": 8}


@pytest.fixture
def cir_bench(on_toy):
    return on_toy("-m", "clvcnet")


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
    whole, local = sorted(cir_bench.records(), key=lambda record: -len(record.history[0].terms))
    assert len(whole.history[0].terms) == 7
    assert set(local.history[0].terms) == {"L_lc", "L_lp"}
    assert whole.method.trained_parameters > 1.8 * local.method.trained_parameters
