"""Dockerfile, devcontainer and conda recipe agree with the project. No image is built here."""

import fnmatch
import json
import re
from pathlib import PurePosixPath

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

CONDA_NAMES = {"torch": "pytorch"}
"""Of packages whose name on conda-forge is another one."""


@pytest.fixture(scope="module")
def project(checkout):
    tomllib = pytest.importorskip("tomllib", reason="reads pyproject.toml with Python 3.11's tomllib")
    return tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def instructions(checkout):
    """The instructions of the Dockerfile, as (name, rest of the line)."""
    text = (checkout / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.partition(" ")[0], " ".join(line.partition(" ")[2].split())) for line in lines]


@pytest.fixture(scope="module")
def recipe(checkout):
    return yaml.safe_load((checkout / "packaging" / "conda" / "recipe.yaml").read_text(encoding="utf-8"))


def values(instructions, name):
    return [rest for one, rest in instructions if one == name]


def sources(instructions):
    return [source for words in values(instructions, "COPY") for source in words.split()[:-1]]


def test_everything_that_is_copied_exists_and_is_sent_to_the_builder(checkout, instructions):
    kept = re.findall(r"^!(.+)$", (checkout / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(kept) == sorted(sources(instructions))
    assert all((checkout / source).exists() for source in sources(instructions))


def test_what_setup_py_needs_is_copied(checkout, instructions, project):
    needed = ["pyproject.toml", "setup.py", project["readme"], *project["license-files"], "harness", "plugins"]
    assert set(needed) <= set(sources(instructions))


def test_python_and_the_devices_are_ones_that_there_are(instructions, project):
    arguments = dict(one.split("=") for one in values(instructions, "ARG"))
    assert SpecifierSet(project["requires-python"]).contains(arguments["PYTHON"])
    assert f"Programming Language :: Python :: {arguments['PYTHON']}" in project["classifiers"]
    stages = [one.partition(" AS ")[2] for one in values(instructions, "FROM")]
    assert f"torch-{arguments['DEVICE']}" in stages and "torch-cuda" in stages
    assert values(instructions, "FROM")[-1] == "torch-${DEVICE}"


def test_every_installation_uses_the_constraints_and_extras_that_exist(instructions, project):
    installed = [one for one in values(instructions, "RUN") if "pip install" in one]
    assert len(installed) == 3
    assert all(re.search(r" -c (/opt/cir-bench/)?constraints\.txt ", one) for one in installed)
    assert set(re.search(r'"\.\[(.+?)\]"', installed[-1])[1].split(",")) <= set(project["optional-dependencies"])


def test_it_starts_the_command_and_not_as_root(instructions, project):
    (entry,) = values(instructions, "ENTRYPOINT")
    assert json.loads(entry)[0] in project["scripts"]
    assert not values(instructions, "USER")[-1].startswith(("0", "root"))


def test_the_devcontainer_makes_what_the_makefile_can_make(checkout):
    settings = json.loads((checkout / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    makefile = (checkout / "Makefile").read_text(encoding="utf-8")
    (target,) = re.findall(r"make (\S+)", settings["postCreateCommand"])
    assert fnmatch.fnmatch(target, ".venv/.installed-*")
    assert f":= $(VENV)/{PurePosixPath(target).name}\n" in makefile


def test_the_recipe_is_of_this_version_and_its_dependencies(recipe, project):
    assert recipe["context"]["version"] == project["version"]
    assert f">={recipe['context']['python_min']}" == project["requires-python"]
    run = recipe["requirements"]["run"]
    assert run[0] == "python >=${{ python_min }}"
    declared = {}
    for text in project["dependencies"]:
        requirement = Requirement(text)
        declared[CONDA_NAMES.get(requirement.name, requirement.name)] = str(requirement.specifier)
    ours = dict(line.split(" ", 1) for line in run[1:])
    assert {name.replace("_", "-"): ours[name] for name in ours} == {
        name.replace("_", "-"): declared[name] for name in declared
    }


def test_the_recipe_has_the_project_s_command_licence_and_addresses(checkout, recipe, project):
    assert recipe["build"]["python"]["entry_points"] == [f"{k} = {v}" for k, v in project["scripts"].items()]
    about = recipe["about"]
    assert (about["license"], [about["license_file"]]) == (project["license"], project["license-files"])
    assert (about["homepage"], about["repository"]) == (project["urls"]["Homepage"], project["urls"]["Source"])
    assert project["description"] == f"{about['summary']}."
    assert (checkout / "packaging" / "conda" / recipe["source"]["path"]).resolve() == checkout
