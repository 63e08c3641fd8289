"""The README is short, its picture is current, its tour prints what it shows, and its method works."""

import contextlib
import io
import re
import shlex

import pytest

from cir_bench.cli import main

NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?(?:e-\d+)?")


@pytest.fixture(scope="module")
def readme(pages):
    return pages["README.md"]


@pytest.fixture
def plugin_file(blocks, tmp_path):
    (source,) = [block.text for block in blocks if (block.page, block.language) == ("README.md", "python")]
    path = tmp_path / "my_method.py"
    path.write_text(source, encoding="utf-8")
    return path


def test_it_is_short(readme):
    assert len(readme.splitlines()) <= 150


def test_the_picture_is_that_of_the_committed_leaderboard(picture):
    drawn = picture.draw(picture.SOURCE.read_text(encoding="utf-8"))
    assert picture.PICTURE.read_text(encoding="utf-8") == drawn, "run `make reference`"
    assert len(picture.rows(picture.SOURCE.read_text(encoding="utf-8"))) > 10


@pytest.mark.slow
def test_the_tour_prints_what_it_shows(blocks, tmp_path, monkeypatch):
    """In an empty folder, one command after the other; durations differ, and numbers a little between machines."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CIR_BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("cir_bench.cli.run_view.PLAIN_SECONDS", 1e9)  # no lines in between on a slow machine
    tour = [block.text for block in blocks if (block.page, block.language) == ("README.md", "console")]
    assert len(tour) == 5
    for text in tour:
        command, *shown = text.splitlines()
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            assert main(shlex.split(command.removeprefix("$ "))[1:]) == 0
        compare(out.getvalue().splitlines(), shown)


def compare(printed, shown):
    """The lines are equal up to numbers, and those nearly; a last line ``…`` stands for more lines.

    A slow machine also prints how far it is.
    """
    printed = [line for line in printed if not is_halfway(line)]
    if shown[-1] == "…":
        shown = shown[:-1]
        printed = printed[: len(shown)]
    assert [skeleton(line) for line in printed] == [skeleton(line) for line in shown]
    for ours, line in zip(printed, shown, strict=True):
        assert numbers(ours) == [pytest.approx(value, rel=0.1, abs=2) for value in numbers(line)], line


def is_halfway(line):
    done = re.search(r": (\d+)/(\d+)$", line)
    return done is not None and done[1] != done[2]


def skeleton(line):
    return " ".join(NUMBER.sub("N", line).split())


def numbers(line):
    return [float(found.replace(",", "")) for found in NUMBER.findall(re.sub(r"\(\d+ s\)", "", line))]


def test_the_method_in_one_file_is_found(plugin_file, capsys):
    assert main(["show", "mine", "--plugin", str(plugin_file)]) == 0
    assert "image plus a residual" in capsys.readouterr().out


@pytest.mark.slow
def test_and_it_keeps_the_contracts(plugin_file, capfd):
    assert main(["check", str(plugin_file)]) == 0, capfd.readouterr()


@pytest.mark.slow
def test_and_it_trains_and_is_on_the_leaderboard(plugin_file, checkout, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    toy = ["--plugin", str(checkout / "tests" / "support" / "toy_plugin.py"), "-b", "toy"]
    words = ["run", "-m", "mine", "--plugin", str(plugin_file), *toy]
    assert main([*words, "--cache-dir", "cache", "--set", "training.epochs=1"]) == 0, capsys.readouterr()
    assert "`mine`" in (tmp_path / "runs" / "LEADERBOARD.md").read_text(encoding="utf-8")
