"""A method can be tried from one Python file, named or lying beside the configuration."""

from __future__ import annotations

import pytest

from cir_bench.errors import ConfigError
from cir_bench.interfaces.specs import LossSpec
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.plugin.owner import BlamedPluginError
from cir_bench.plugin.registry import blame, load

SOURCE = """
from cir_bench import Loss, LossSpec, hookimpl

@hookimpl
def cir_bench_losses():
    return [LossSpec(name="NAME", summary="a loss", implementation=f"{__name__}:Mine")]

class Mine(Loss):
    def forward(self, query, target, same_target):
        return query.main.sum()
"""


def read(*files, config=None, third_party=True):
    return load_plugins(PluginOptions(files=files, config=config, third_party=third_party), environ={}, found=[])


@pytest.fixture
def write(tmp_path):
    def put(path, name):
        file = tmp_path / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(SOURCE.replace("NAME", name))
        return file

    return put


def test_the_class_in_the_file_is_found_by_name(write):
    registered = read(write("mine.py", "mine")).loss("mine")
    assert load(registered).__name__ == "Mine"


def test_an_error_names_the_line_to_correct(write):
    registered = read(write("mine.py", "mine")).loss("mine")
    with pytest.raises(BlamedPluginError, match=r"; correct mine\.py, line 10 \(CIR"), blame(registered, "training"):
        load(registered)().forward(None, None, None)
    with pytest.raises(BlamedPluginError, match=r"KeyError: 1; correct mine\.py \(CIR"), blame(registered, "training"):
        raise KeyError(1)


def test_the_version_is_that_of_the_content(write):
    first = read(write("mine.py", "mine")).loss("mine").owner
    same = read(write("mine.py", "mine")).loss("mine").owner
    changed = read(write("mine.py", "other")).loss("other").owner
    assert first == same
    assert first.distribution == changed.distribution == "mine.py"
    assert first.version != changed.version


def test_files_of_one_name_in_two_folders_do_not_meet(write):
    registry = read(write("a/mine.py", "one"), write("b/mine.py", "two"))
    assert not registry.problems
    assert list(registry.all(LossSpec)) == ["one", "two"]
    assert load(registry.loss("one")) is not load(registry.loss("two"))


def test_the_same_file_given_twice_is_loaded_once(write):
    file = write("mine.py", "mine")
    assert not read(file, file).problems


def test_a_file_beside_the_configuration_is_loaded_with_it(write, tmp_path):
    write("cir_bench_plugins.py", "beside")
    config = tmp_path / "experiment.yaml"
    assert read(config=config).loss("beside")
    assert not read(config=config, third_party=False).all(LossSpec)
    assert not read().all(LossSpec)


def test_a_broken_file_is_a_problem_like_any_other(write, tmp_path):
    (tmp_path / "bad.py").write_text("import not_there_at_all")
    registry = read(tmp_path / "bad.py", write("mine.py", "mine"))
    (problem,) = registry.problems
    assert problem.owner.plugin == str(tmp_path / "bad.py")
    assert "pip install not_there_at_all" in str(problem)
    assert registry.loss("mine")


@pytest.mark.parametrize("name", ["missing.py", "folder", "text.txt"])
def test_a_path_that_is_no_python_file_is_a_mistake(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.txt").touch()
    with pytest.raises(ConfigError, match=f"{name}: there is no such Python file"):
        read(tmp_path / name)


@pytest.mark.parametrize(
    ("module", "message", "remedy"),
    [
        ("torhc", "is not installed", "did you mean 'torch'? If not, run: pip install torhc"),
        ("torch.nnn", "the installed torch lacks", "did you mean 'torch.nn'? If not, run: pip install --upgrade torch"),
        ("torhc_mine", "is not installed", "run: pip install torhc_mine"),
        ("torch.zz", "the installed torch lacks", "run: pip install --upgrade torch"),
    ],
)
def test_a_misspelt_import_is_answered_with_what_was_meant(tmp_path, module, message, remedy):
    (tmp_path / "torhc_mina.py").write_text(f"import {module}\n")
    (problem,) = read(tmp_path / "torhc_mina.py").problems
    assert problem.message.startswith(f"it needs the module {module}, which {message}")
    assert problem.remedy == remedy


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        (
            "from cir_bench import MethodSpecs",
            "did you mean 'MethodSpec'? If not, its dependency cir_bench may be too old",
        ),
        ("from json import lodas", "did you mean 'loads'? If not, its dependency json may be too old"),
        ("from cir_bench import Wombat", "its dependency cir_bench may be too old"),
    ],
)
def test_so_is_a_misspelt_name_of_a_module(tmp_path, line, remedy):
    (tmp_path / "mine.py").write_text(f"{line}\n")
    (problem,) = read(tmp_path / "mine.py").problems
    assert problem.remedy.startswith(remedy)
