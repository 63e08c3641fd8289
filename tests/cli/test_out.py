"""``--out -`` prints what a verb would write to one file; without --out nothing is written outside of what is read."""

from __future__ import annotations

import pytest

FOLDERS = [
    ["run", "-m", "sum"],
    ["plan", "-m", "sum"],
    ["new", "my-method"],
    ["submit", "cirr", "--run", "runs"],
    ["data", "export", "css"],
]


@pytest.mark.parametrize("words", FOLDERS, ids=lambda words: words[0])
def test_a_folder_cannot_be_printed(run, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    done = run(*words, "--no-plugins", "--out", "-")
    assert (done.code, done.out) == (2, "")
    assert "--out -: several files are written" in done.err and done.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
