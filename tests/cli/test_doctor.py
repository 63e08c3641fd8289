"""``cir-bench doctor``."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata

import pytest

from cir_bench.cli import doctor as module
from cir_bench.errors import ConfigError
from cir_bench.plugin.loader import PluginOptions
from cir_bench.plugin.registry import Registry
from cir_bench.verbs.settings import Settings

LOSS = """
from cir_bench import LossSpec, hookimpl

@hookimpl
def cir_bench_losses():
    return [LossSpec(name="hollow", summary="nothing behind it", implementation="{}")]
"""


@pytest.fixture
def sound(monkeypatch):
    """No plugin at all, so that nothing of the plugins is wrong."""
    monkeypatch.setattr(module, "open_registry", lambda settings, quiet: Registry())


def doctor(run, *words):
    done = run("doctor", "--json", *words)
    return done.code, json.loads(done.out)


def test_nothing_is_wrong(run, sound, tmp_path):
    code, facts = doctor(run, "--cache-dir", tmp_path / "cache", "--data-root", tmp_path)
    assert facts["problems"] == []
    assert code == 0
    assert facts["versions"]["torch"] == metadata.version("torch")
    assert facts["device"]["cpu_cores"] >= 1
    assert facts["cache_dir"] == {"path": str(tmp_path / "cache"), "exists": False, "writable": True}
    assert "no problems; --imports also imports" in run("doctor", "--cache-dir", tmp_path).out


def test_no_torch_and_no_implementation_is_imported_unless_asked():
    code = (
        "import sys\n"
        "from cir_bench.cli import main\n"
        "main(['doctor'])\n"
        "print(sorted({'torch', 'cir_bench_tirg.composer'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "GPUs with --imports" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_devices_are_those_of_torch(run, sound, tmp_path):
    assert "cpu_threads" not in doctor(run, "--cache-dir", tmp_path)[1]["device"]
    device = doctor(run, "--imports", "--cache-dir", tmp_path)[1]["device"]
    assert device["cpu_threads"] >= 1 and "cuda" in device
    out = run("doctor", "--imports", "--cache-dir", tmp_path).out
    assert "device: cuda " in out and out.endswith("no problems\n")


@pytest.mark.parametrize(
    "place", ["json.decoder:JSONDecoder", "here_.inner:Loss", "here_:Loss", "here_.part.inner:Loss"]
)
def test_a_module_that_is_there_is_no_problem_until_it_is_imported(run, tmp_path, monkeypatch, place):
    """Its code is not run: it may still lack the class, which ``--imports`` tells."""
    (tmp_path / "here_" / "part").mkdir(parents=True)
    for name in ("__init__", "inner", "part/inner"):
        (tmp_path / "here_" / f"{name}.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "mine.py").write_text(LOSS.format(place))
    words = ["--no-plugins", "--plugin", tmp_path / "mine.py", "--cache-dir", tmp_path]
    assert doctor(run, *words)[0] == 0
    code, facts = doctor(run, *words, "--imports")
    assert code == 1
    assert any("loss 'hollow'" in problem for problem in facts["problems"])


@pytest.mark.parametrize("options", [(), ("--imports",)])
@pytest.mark.parametrize("module", ["nowhere_at_all", "json.nowhere_at_all", "json.decoder.nowhere_at_all"])
def test_an_implementation_that_is_not_there(run, tmp_path, module, options):
    (tmp_path / "mine.py").write_text(LOSS.format(f"{module}:Loss"))
    code, facts = doctor(run, "--no-plugins", "--plugin", tmp_path / "mine.py", *options)
    assert code == 1
    assert any("loss 'hollow'" in problem and module in problem for problem in facts["problems"])


def test_a_broken_plugin_and_an_implementation_that_is_not_there(run, tmp_path):
    (tmp_path / "bad.py").write_text("1 / 0")
    (tmp_path / "hollow.py").write_text(LOSS.format("nowhere_at_all:Loss"))
    code, facts = doctor(run, "--no-plugins", "--plugin", tmp_path / "bad.py", "--plugin", tmp_path / "hollow.py")
    assert code == 1
    assert any("ZeroDivisionError" in problem for problem in facts["problems"])
    assert any("loss 'hollow'" in problem and "nowhere_at_all" in problem for problem in facts["problems"])
    assert facts["plugin_problems"][-1]["plugin"] == str(tmp_path / "bad.py")


def test_which_data_sets_are_there(run, tmp_path):
    (tmp_path / "mine.py").write_text(
        "from cir_bench import DatasetSpec, hookimpl\n@hookimpl\ndef cir_bench_datasets():\n"
        "    return [DatasetSpec(name=name, summary='photos', implementation='a:B') for name in ('boots', 'hats')]\n"
    )
    (tmp_path / "boots").mkdir()
    _, facts = doctor(run, "--no-plugins", "--plugin", tmp_path / "mine.py", "--data-root", tmp_path)
    assert "boots" in facts["data_root"]["found"]
    assert "hats" in facts["data_root"]["missing"]


def test_a_data_root_that_is_not_a_folder(run, sound, tmp_path, monkeypatch):
    monkeypatch.setenv("CIR_BENCH_DATA", str(tmp_path / "nowhere"))
    code, facts = doctor(run)
    assert code == 1
    assert facts["problems"] == [
        f"the data root {tmp_path / 'nowhere'} is not a folder; correct --data-root or CIR_BENCH_DATA"
    ]


def test_a_cache_folder_that_cannot_be_written(run, sound, tmp_path):
    (tmp_path / "file").touch()
    code, facts = doctor(run, "--cache-dir", tmp_path / "file" / "cache")
    assert code == 1
    assert facts["cache_dir"]["writable"] is False
    assert "choose another --cache-dir" in facts["problems"][0]


def test_cir_bench_that_is_not_installed(run, monkeypatch):
    find = metadata.distribution

    def all_but_this(name):  # libraries that are imported on the way find their own
        if name == "cir-bench":
            raise metadata.PackageNotFoundError(name)
        return find(name)

    monkeypatch.setattr(metadata, "distribution", all_but_this)
    code, facts = doctor(run, "--no-plugins")
    assert code == 1
    assert "not installed, so its own plugins cannot be found" in facts["problems"][0]
    assert facts["plugin_problems"][0]["remedy"].startswith("run: pip install")


def test_a_dependency_that_is_missing_or_too_old(run, sound, monkeypatch):
    wanted = ["not-there-at-all>=1", "pluggy>=99", "gone; extra == 'test'", "pydantic>=2"]
    monkeypatch.setattr(module.metadata, "requires", lambda name: wanted)
    _, facts = doctor(run)
    assert facts["problems"] == [
        "not-there-at-all is not installed; run: pip install 'not-there-at-all>=1'",
        f"pluggy {metadata.version('pluggy')} is too old or too new; run: pip install 'pluggy>=99'",
    ]


def test_the_data_root_is_only_needed_by_what_reads_it(tmp_path):
    settings = Settings(PluginOptions(), tmp_path / "nowhere", tmp_path)
    with pytest.raises(ConfigError, match="there is no such folder"):
        settings.context()
