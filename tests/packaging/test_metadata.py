"""The metadata, the changelog, the citation and the workflows agree with each other."""

import re
from importlib.metadata import version

import pytest
import yaml

import cir_bench

WORKFLOWS = ["ci", "leaderboard", "pages", "release"]


@pytest.fixture(scope="module")
def read(checkout):
    return lambda name: (checkout / name).read_text(encoding="utf-8")


def test_the_version_is_that_of_the_metadata_and_is_written_once(checkout, read):
    assert cir_bench.__version__ == version("cir-bench")
    (declared,) = re.findall(r'^version = "(.+)"$', read("pyproject.toml"), re.MULTILINE)
    code = [*(checkout / "harness").rglob("*.py"), *(checkout / "plugins").rglob("*.py"), checkout / "setup.py"]
    assert declared == cir_bench.__version__
    assert [path for path in code if f'"{declared}"' in path.read_text(encoding="utf-8")] == []
    assert "version" not in yaml.safe_load(read("CITATION.cff"))


def test_the_project_names_its_authors_and_addresses(read):
    tomllib = pytest.importorskip("tomllib", reason="reads pyproject.toml with Python 3.11's tomllib")
    project = tomllib.loads(read("pyproject.toml"))["project"]
    citation = yaml.safe_load(read("CITATION.cff"))
    assert project["authors"] == citation["authors"] == [{"name": "The cir-bench authors"}]
    assert citation["url"] == project["urls"]["Homepage"] == project["urls"]["Source"]
    assert {"Documentation", "Issues", "Changelog"} <= set(project["urls"])
    assert citation["license"] == project["license"]


def test_the_changelog_is_kept(read):
    """Keep a Changelog: Unreleased first, then versions with dates; only its headings."""
    heads = re.findall(r"^## \[(.+?)\](?: - \d{4}-\d{2}-\d{2})?$", read("CHANGELOG.md"), re.MULTILINE)
    assert heads[0] == "Unreleased"
    kinds = set(re.findall(r"^### (.+)$", read("CHANGELOG.md"), re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_pre_commit_runs_the_ruff_of_the_constraints(read):
    (pinned,) = re.findall(r"^ruff==(\S+)$", read("constraints.txt"), re.MULTILINE)
    repos = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
    (ruff,) = [repo for repo in repos if repo["repo"].endswith("ruff-pre-commit")]
    assert ruff["rev"] == f"v{pinned}"
    assert {"ruff", "ruff-format"} <= {hook["id"].replace("ruff-check", "ruff") for hook in ruff["hooks"]}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_target_of_make_that_a_workflow_calls_exists(read, name):
    jobs = yaml.safe_load(read(f".github/workflows/{name}.yml"))["jobs"]
    steps = [step.get("run", "") for job in jobs.values() for step in job.get("steps", [])]
    targets = set(re.findall(r"^([a-z][\w-]*):", read("Makefile"), re.MULTILINE))
    called = {word for step in steps for word in re.findall(r"\bmake ((?:[a-z-]+ ?)+)", step)}
    assert {word for words in called for word in words.split()} <= targets


def test_the_leaderboard_of_a_pull_request_has_one_seed_and_a_release_waits_for_all_of_them(read):
    job = yaml.safe_load(read(".github/workflows/leaderboard.yml"))["jobs"]["embedded"]
    assert job["timeout-minutes"] == "${{ github.event_name == 'pull_request' && 20 || 60 }}"
    assert job["env"]["SEEDS"] == "${{ github.event_name == 'pull_request' && 1 || 3 }}"
    release = yaml.safe_load(read(".github/workflows/release.yml"))["jobs"]
    assert release["leaderboard"]["uses"] == "./.github/workflows/leaderboard.yml"
    assert release["build"]["needs"] == "leaderboard" and release["publish"]["needs"] == "build"


def test_a_release_is_published_by_trust_and_only_if_the_tag_is_the_version(read):
    text = read(".github/workflows/release.yml")
    jobs = yaml.safe_load(text)["jobs"]
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert "twine check --strict" in text
    assert "GITHUB_REF_NAME" in text
    assert "password" not in text
