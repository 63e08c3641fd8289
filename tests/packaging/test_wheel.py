"""The wheel is complete: installed outside the checkout it finds its plugins, benchmarks and weights, and runs."""

import json
import zipfile

import pytest

pytestmark = pytest.mark.slow

ROOTS = {"harness": "", "plugins": "", "benchmarks": "cir_bench/benchmarks/"}


def shipped(checkout, root):
    """The files of a source root that belong in the wheel: all; of benchmarks only the YAML files and the README."""
    files = (path for path in (checkout / root).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    names = [path.relative_to(checkout / root).as_posix() for path in files if ".egg-info" not in str(path)]
    if root == "benchmarks":
        names = [name for name in names if name.endswith((".yaml", "README.md", "__init__.py"))]
    return {ROOTS[root] + name for name in names}


@pytest.mark.parametrize("root", ROOTS)
def test_the_wheel_holds_every_file_of_a_source_root(checkout, wheel, root):
    assert not shipped(checkout, root) - set(zipfile.ZipFile(wheel).namelist())


def test_it_is_built_without_a_warning(distributions):
    assert [
        line for line in distributions.printed.splitlines() if "warning" in line.lower() or "deprecat" in line.lower()
    ] == []
    assert "Successfully built" in distributions.printed


def test_the_wheel_holds_nothing_else(checkout, wheel):
    expected = set().union(*(shipped(checkout, root) for root in ROOTS))
    extra = set(zipfile.ZipFile(wheel).namelist()) - expected
    assert {name for name in extra if ".dist-info/" not in name} == set()


def test_the_clean_environment_knows_nothing_of_the_checkout(checkout, clean_python, call, tmp_path):
    code = (
        "import cir_bench, cir_bench.benchmarks as b, sys; print(cir_bench.__file__, b.__file__, *sys.path, sep='\\n')"
    )
    found = call([clean_python, "-c", code], cwd=tmp_path).stdout
    assert str(checkout / "harness") not in found
    assert str(checkout / "benchmarks") not in found
    assert found.splitlines()[0].startswith(str(clean_python.parents[1]))


def test_ls_finds_every_built_in_plugin_and_benchmark(checkout, clean_python, call, tmp_path):
    done = call([clean_python.parent / "cir-bench", "ls", "--json"], cwd=tmp_path)
    found = json.dumps(json.loads(done.stdout))
    benchmarks = {path.stem for path in (checkout / "benchmarks").glob("*.yaml")}
    assert {name for name in benchmarks | {"tirg", "combiner", "captions", "tiny"} if f'"{name}"' not in found} == set()
    assert done.stderr == ""


def test_a_benchmark_runs_and_gives_a_leaderboard(clean_python, call, tmp_path):
    verb = [clean_python.parent / "cir-bench"]
    cache = ["--cache-dir", tmp_path / "cache"]
    few = ["--limit", "20"]
    call([*verb, "run", "-m", "sum", "-b", "css", *few, "--seeds", "1", "--out", "runs", *cache], cwd=tmp_path)
    call([*verb, "leaderboard", "--records", "runs", "--out", "L.md"], cwd=tmp_path)
    text = (tmp_path / "L.md").read_text(encoding="utf-8")
    assert "## css/" in text
    assert "| `sum`" in text
    assert "did not run" not in text


def test_the_module_runs_like_the_script(clean_python, call, tmp_path):
    assert call([clean_python, "-m", "cir_bench", "--version"], cwd=tmp_path).stdout.startswith("cir-bench ")
