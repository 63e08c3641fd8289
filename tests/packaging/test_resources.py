"""Benchmark files are found by the import system, whether the package is installed editable or from a wheel."""

from importlib.metadata import distribution, entry_points
from importlib.resources import files

import pytest


def test_the_benchmarks_are_resources_of_the_package(checkout):
    found = {entry.name for entry in files("cir_bench.benchmarks").iterdir() if entry.name.endswith(".yaml")}
    assert found == {path.name for path in (checkout / "benchmarks").glob("*.yaml")}
    assert found


@pytest.mark.slow
def test_and_so_they_are_in_the_wheel(checkout, clean_python, call, tmp_path):
    code = "from importlib.resources import files; print(*(e.name for e in files('cir_bench.benchmarks').iterdir()))"
    found = set(call([clean_python, "-c", code], cwd=tmp_path).stdout.split())
    assert {path.name for path in (checkout / "benchmarks").glob("*.yaml")} <= found


def test_every_plugin_folder_is_an_entry_point(checkout):
    folders = {path.name for path in (checkout / "plugins").iterdir() if (path / "__init__.py").is_file()}
    ours = [point for point in entry_points(group="cir_bench") if point.dist and point.dist.name == "cir-bench"]
    assert {point.value for point in ours} >= folders
    assert "cir-bench" in {
        script.name for script in distribution("cir-bench").entry_points.select(group="console_scripts")
    }
