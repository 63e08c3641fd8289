"""``cir-bench ls``."""

from __future__ import annotations

import json

import pytest

KINDS = ["methods", "composers", "losses", "encoders", "datasets", "executors", "trackers", "benchmarks", "suites"]


def test_everything_is_listed_with_its_plugin(run, plugin):
    done = run("ls", "--no-plugins", "--plugin", plugin)
    assert done.code == 0
    assert [line.split(":")[0] for line in done.out.splitlines() if not line.startswith((" ", "!"))] == KINDS
    (line,) = [line for line in done.out.splitlines() if "my-method" in line]
    assert "mine.py@" in line
    assert line.endswith("tries something")


def test_json_has_name_summary_plugin_and_version(run, plugin):
    listed = json.loads(run("ls", "--json", "--no-plugins", "--plugin", plugin).out)
    assert list(listed) == [*KINDS, "problems", "unreadable"]
    (mine,) = [one for one in listed["methods"] if one["name"] == "my-method"]
    assert mine["summary"] == "tries something"
    assert (mine["distribution"], mine["plugin"], mine["object_version"]) == ("mine.py", str(plugin), "1")
    assert len(mine["version"]) == 12


@pytest.mark.parametrize("kind", KINDS)
def test_one_kind_alone(run, plugin, kind):
    listed = json.loads(run("ls", kind, "--json", "--no-plugins", "--plugin", plugin).out)
    assert list(listed) == [kind, "problems", "unreadable"]


def test_suites_are_listed_with_what_they_are(run):
    listed = json.loads(run("ls", "suites", "--json", "--no-plugins").out)
    (figure,) = [one for one in listed["suites"] if one["name"] == "ablations/sadn-sensitivity"]
    assert figure["summary"].startswith("SADN (ACM MM 2024), Figure 3")


def test_broken_plugins_stand_at_the_end(run, plugin, tmp_path):
    bad = tmp_path / "bad.py"
    bad.write_text("import not_there_at_all")
    done = run("ls", "--no-plugins", "--plugin", bad, "--plugin", plugin)
    assert done.code == 0
    assert "my-method" in done.out
    assert done.out.splitlines()[-1].startswith(f"! plugin {bad} (version ")
    assert "pip install not_there_at_all" in done.out.splitlines()[-1]
    listed = json.loads(run("ls", "--json", "--no-plugins", "--plugin", bad).out)
    assert [problem["plugin"] for problem in listed["problems"]][-1] == str(bad)


def test_benchmarks_of_a_plugin_are_listed_and_bad_files_named(run, tmp_path):
    (tmp_path / "ours.yaml").write_text("name: [")
    file = tmp_path / "mine.py"
    file.write_text(
        "from pathlib import Path\nfrom cir_bench import hookimpl\n"
        "@hookimpl\ndef cir_bench_benchmarks():\n    return [Path(__file__).parent / 'ours.yaml']\n"
    )
    done = run("ls", "benchmarks", "--no-plugins", "--plugin", file)
    assert done.code == 0
    assert "ours.yaml" in done.out.splitlines()[-1]
