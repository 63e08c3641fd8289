"""constraints.txt pins what pyproject.toml asks for, on every Python that it supports."""

import itertools
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CHECKOUT = Path(__file__).parents[2]
tomllib = pytest.importorskip("tomllib", reason="reads pyproject.toml with Python 3.11's tomllib")

PINS = [
    Requirement(line)
    for line in (CHECKOUT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"].values()
ASKED = [Requirement(text) for text in [*PROJECT["dependencies"], *itertools.chain.from_iterable(EXTRAS)]]


def pins_of(name, python):
    environment = {"python_version": python, "python_full_version": f"{python}.9", "sys_platform": "linux"}
    named = [pin for pin in PINS if canonicalize_name(pin.name) == canonicalize_name(name)]
    return [pin for pin in named if pin.marker is None or pin.marker.evaluate(environment)]


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13"])
@pytest.mark.parametrize("asked", [one for one in ASKED if one.name != "cir-bench"], ids=str)
def test_every_dependency_is_pinned_once_and_within_its_range(asked, python):
    (pin,) = pins_of(asked.name, python)
    (only,) = pin.specifier
    assert only.operator == "=="
    assert asked.specifier.contains(only.version)


def test_no_pin_is_of_a_local_build_or_of_cir_bench_itself():
    assert not [pin for pin in PINS if "+" in str(pin.specifier) or pin.url or pin.name == "cir-bench"]
