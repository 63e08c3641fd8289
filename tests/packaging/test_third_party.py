"""A third party's distribution, installed beside ours: in `ls`, in a run, on the leaderboard; sound by contract."""

import json
import shutil

import pytest

pytestmark = pytest.mark.slow

NAME = "cir-bench-translation"
OURS = {"methods": "translation", "composers": "translation", "losses": "margin-softmax"}


@pytest.fixture(scope="module")
def source(checkout, tmp_path_factory):
    """A copy of the distribution: building leaves nothing behind in the checkout."""
    return shutil.copytree(checkout / "tests" / "third_party" / NAME, tmp_path_factory.mktemp("third") / NAME)


@pytest.fixture(scope="module")
def python(new_python, install, source):
    """A clean environment with cir-bench and the third party, each installed with pip."""
    python = new_python()
    install(python, source)
    return python


@pytest.fixture
def cir_bench(python, call, tmp_path):
    """``cir_bench("ls", "--json")`` in the clean environment."""
    return lambda *words: call([python.parent / "cir-bench", *words], cwd=tmp_path).stdout


def test_ls_names_its_objects_and_their_version(cir_bench):
    listed = json.loads(cir_bench("ls", "--json"))
    for kind, name in OURS.items():
        (found,) = [one for one in listed[kind] if one["distribution"] == NAME]
        assert (found["name"], found["version"], found["plugin"]) == (name, "0.3.0", "translation")
    assert NAME not in [one["distribution"] for one in listed["problems"]]


def test_no_plugins_leaves_it_out_and_ours_in(cir_bench):
    names = [one["name"] for one in json.loads(cir_bench("ls", "methods", "--json", "--no-plugins"))["methods"]]
    assert "translation" not in names
    assert "tirg" in names


def test_show_prints_the_card_that_it_ships(cir_bench):
    assert "The modification text translates the reference image" in cir_bench("show", "translation")


def test_it_runs_and_has_a_row_on_the_leaderboard(cir_bench, checkout, tmp_path):
    toy = checkout / "tests" / "support" / "toy_plugin.py"
    where = ["--out", tmp_path / "runs", "--cache-dir", tmp_path / "cache"]
    cir_bench("run", "-m", "translation", "-m", "sum", "-b", "toy", "--plugin", toy, "--seeds", "1", *where)
    records = [json.loads(path.read_text()) for path in (tmp_path / "runs").rglob("record.json")]
    (ours,) = [record for record in records if record["cell"]["method"] == "translation"]
    (plain,) = [record for record in records if record["cell"]["method"] == "sum"]
    assert ours["status"] == "done"
    assert (ours["method"]["plugin"]["distribution"], ours["method"]["plugin"]["version"]) == (NAME, "0.3.0")
    assert ours["metrics"]["R@1"] > plain["metrics"]["R@1"], "it learned nothing"
    cir_bench("leaderboard", "--records", tmp_path / "runs", "--out", tmp_path / "L.md")
    assert "| `translation`" in (tmp_path / "L.md").read_text()


def test_its_own_tests_pass_where_it_is_installed(python, call, source):
    done = call([python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"], cwd=source)
    assert " passed" in done.stdout.splitlines()[-1]
