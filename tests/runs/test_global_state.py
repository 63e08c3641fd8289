"""Other cells' numbers do not depend on what one plugin does to the process, and its own record tells of it."""

from __future__ import annotations

from pathlib import Path

from .conftest import Toy

RUDE = """
import torch
import cir_bench as cb

CIR_BENCH_API = 1


class Rude(cb.StandardMethod):
    def __init__(self, params, context):
        super().__init__(params, context.composer("tirg"), {"rank": context.loss("batch-classification")})
        torch.set_grad_enabled(False)
        torch.set_default_dtype(torch.float64)


@cb.hookimpl
def cir_bench_methods():
    return [cb.MethodSpec(name="rude", summary="for tests", implementation=Rude)]
"""


def test_a_rude_constructor_changes_its_own_record_alone(toy: Toy, another_toy, tmp_path: Path) -> None:
    plugin = tmp_path / "rude.py"
    plugin.write_text(RUDE, encoding="utf-8")
    alone = another_toy("alone")
    alone.run("-m", "slow-tirg")
    code, said = toy.run("--plugin", str(plugin), "-m", "rude", "-m", "slow-tirg")
    records = toy.records()
    assert code == 0, said
    assert records["slow-tirg/0"].metrics == alone.records()["slow-tirg/0"].metrics
    (warning,) = [one for one in records["rude/0"].warnings if "changed" in one]
    assert "method 'rude' of plugin" in warning and "torch's grad mode (True → False)" in warning
    assert not records["slow-tirg/0"].warnings
