"""Mistakes that many make: the answer is what to write instead."""

from __future__ import annotations

import pytest

HINTS = {
    "-m sum,tirg": "-m sum -m tirg.",
    "-m sum -b css,fashioniq": "-b css -b fashioniq.",
    "-m sum -e tiny,openclip": "-e tiny -e openclip.",
    "-m sum --epochs 3": "write --set training.epochs=VALUE",
    "-m sum --image-size 3": "write --set encoder.image_size=VALUE",
    "-m sum --seed 3": "--seeds",
    "tirg": "write -m tirg.",
    "--tuned -m tirg": "--tuned needs a value, and took -m for it; write --tuned DIR.",
    "tirg css": "write -m tirg -b css.",
    "-m sum fashioniq/original": "write -b fashioniq/original.",
    "-m sum openclip:RN50": "write -e openclip:RN50.",
    "-m sum photos": "write -b folder:photos.",
    "-m sum -b photos": "write folder:photos.",
    "-m sum --set epochs=3": "write --set training.epochs=…",
    "-m sum --set image_size=3": "write --set encoder.image_size=…",
    "-m sum --set trainin.epochs=3": "did you mean 'training'?",
}


@pytest.mark.parametrize("words", HINTS)
@pytest.mark.parametrize("verb", ["run", "plan"])
def test_a_mistake_tells_what_to_write(run, tmp_path, monkeypatch, verb, words):
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path)
    done = run(verb, "--no-plugins", *(words.split()), *(["-e", "cnn-lstm"] if "image_size=" in words else []))
    assert (done.code, done.out) == (2, "")
    assert HINTS[words] in done.err


def test_tune_has_the_hints_too(run):
    assert "write -m tirg." in run("tune", "tirg", "--no-plugins").err


def test_a_path_may_have_commas(run, tmp_path):
    done = run("plan", "--no-plugins", "-m", "sum", "-b", f"folder:{tmp_path}/a,b")
    assert "sum on folder:a,b" in done.out


def test_a_folder_is_also_told_to_verbs_of_data(run, tmp_path, monkeypatch):
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path)
    done = run("data", "verify", "photos", "--no-plugins")
    assert done == (2, "", "cir-bench: There is no benchmark 'photos'; for the folder write folder:photos.\n")
