"""The pages that a new author follows, followed to the letter: their files written, their commands run in order."""

import json
import re
import shlex
from pathlib import Path

import pytest

from cir_bench_css.splits import make_splits

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def small_css(monkeypatch):
    """css with a third of its scenes, so that rendering them does not take a minute."""
    make = make_splits.__wrapped__
    monkeypatch.setattr(make, "__defaults__", (0, 300, 60))
    make_splits.cache_clear()
    yield
    make_splits.cache_clear()


@pytest.fixture
def follow(new_project, small_css):
    """``follow("tutorial.md")`` does what the page says, in an empty folder; the project that came of it.

    A project as `new` wrote it is not tested once more: test_new.py does.
    """

    def walk(page):
        project, own = None, False
        for language, title, text in BLOCK.findall((DOCS / page).read_text(encoding="utf-8")):
            if title:
                file = project.folder / title
                assert file.exists(), f"{page} replaces {title}, which `new` does not write"
                file.write_text(text, encoding="utf-8")
                own = True
            for line in text.splitlines() if language == "console" else ():
                words = shlex.split(line.removeprefix("$ "))
                if words[:2] == ["cir-bench", "new"]:
                    project = new_project(words[2], words[words.index("--kind") + 1] if "--kind" in words else "method")
                elif words[0] == "cd":
                    assert words[1:] == [project.folder.name]
                elif words[0] == "pip":
                    assert words == ["pip", "install", "-e", ".[test]"], "the tests stand in for this command alone"
                elif words == ["pytest"]:
                    outcomes = project.pytest() if own else {"failed": 0, "passed": 1}
                    assert (outcomes["failed"], outcomes["passed"] > 0) == (0, True)
                else:
                    assert words[0] == "cir-bench", line
                    project.cir_bench(*words[1:])
        return project

    return walk


def test_the_tutorial_leads_to_a_method_on_the_leaderboard_and_its_suggested_bug_is_caught(follow):
    project = follow("tutorial.md")
    records = [json.loads(path.read_text()) for path in (project.folder / "runs").rglob("record.json")]
    score = {record["cell"]["method"]: record["metrics"]["R@1"] for record in records}
    assert set(score) == {"gated-sum", "sum", "image-only", "random"}
    assert score["gated-sum"] > score["sum"] > score["random"], "the tutorial promises that it is above the sum"
    assert "`gated-sum`" in (project.folder / "runs" / "LEADERBOARD.md").read_text(encoding="utf-8")

    composer = project.folder / "src/gated_sum/composer.py"
    text = composer.read_text(encoding="utf-8")
    line = "return Embedding.single(g * v + (1 - g) * self.change(both))"
    assert line in text
    centred = "q = g * v + (1 - g) * self.change(both)\n        return Embedding.single(q - q.mean(0))"
    composer.write_text(text.replace(line, centred), encoding="utf-8")
    done = json.loads(project.cir_bench("check", "gated-sum", "--json", code=1))
    failed = {one["check"] for one in done["checks"] if one["result"] == "failed"}
    assert "a row does not depend on its batch" in failed


def test_a_data_set_as_a_package(follow):
    project = follow("adding-a-dataset.md")
    listed = json.loads(project.cir_bench("ls", "--json"))
    for kind in ("datasets", "benchmarks"):
        assert "street-scenes" in [one["name"] for one in listed[kind]]
