"""The specs: bad parameters are refused, and importing the plugin is light."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

import cir_bench_losses
from cir_bench import LossSpec

SPECS = {spec.name: spec for spec in cir_bench_losses.LOSSES}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_unknown_parameters_and_nonsense_are_refused(spec: LossSpec) -> None:
    with pytest.raises(ValidationError):
        spec.params.model_validate({"temperature": 1})
    with pytest.raises(ValidationError):
        spec.params.model_validate({"spaces": "all"})


def test_importing_the_plugin_imports_no_torch() -> None:
    code = "import sys, cir_bench_losses; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
