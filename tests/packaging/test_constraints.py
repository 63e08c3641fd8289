"""The constraints pin every dependency: the newest within its range on every Python, the lowest at its lower bound."""

import itertools
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CHECKOUT = Path(__file__).parents[2]
tomllib = pytest.importorskip("tomllib", reason="reads pyproject.toml with Python 3.11's tomllib")


def pins(file):
    lines = (CHECKOUT / file).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


NEWEST, LOWEST = pins("constraints.txt"), pins("constraints-lowest.txt")
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]


def asked(*extras):
    texts = [*PROJECT["dependencies"], *itertools.chain.from_iterable(EXTRAS[extra] for extra in extras)]
    return sorted({text for text in texts if not text.startswith("cir-bench")})


def pins_of(name, python):
    environment = {"python_version": python, "python_full_version": f"{python}.9", "sys_platform": "linux"}
    named = [pin for pin in NEWEST if canonicalize_name(pin.name) == canonicalize_name(name)]
    return [pin for pin in named if pin.marker is None or pin.marker.evaluate(environment)]


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13"])
@pytest.mark.parametrize("text", asked(*EXTRAS))
def test_every_dependency_is_pinned_once_and_within_its_range(text, python):
    requirement = Requirement(text)
    (pin,) = pins_of(requirement.name, python)
    (only,) = pin.specifier
    assert only.operator == "=="
    assert requirement.specifier.contains(only.version)


@pytest.mark.parametrize("text", asked("captions", "search", "serve", "test"))
def test_every_lower_bound_is_a_version_that_is_tested(text):
    requirement = Requirement(text)
    (bound,) = requirement.specifier
    (pin,) = [pin for pin in LOWEST if canonicalize_name(pin.name) == canonicalize_name(requirement.name)]
    assert bound.operator == ">="
    assert pin.specifier.contains(bound.version)  # 13 and 13.0.0 are one version


@pytest.mark.parametrize("file", [NEWEST, LOWEST], ids=["newest", "lowest"])
def test_no_pin_is_of_a_local_build_or_of_cir_bench_itself(file):
    assert not [pin for pin in file if "+" in str(pin.specifier) or pin.url or pin.name == "cir-bench"]
