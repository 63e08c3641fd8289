"""``cir-bench completion``: what Tab offers, and the scripts in the shells that are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from cir_bench.cli import app

OFFERED = {
    "": [*app.VERBS, "--help", "--version"],
    "lea": ["leaderboard"],
    "data ": ["verify", "info", "fetch", "export"],
    "data verify fashioni": ["fashioniq"],
    "run -m ti": ["tirg"],
    "run -m tirg -b cirr -e openc": ["openclip"],
    "run -m tirg --set scal": ["scale=", "scaling="],
    "run --set training.epo": ["training.epochs="],
    "run --set encoder.image_s": ["encoder.image_size="],
    "run --suite ablations/va": ["ablations/val"],
    "run --track ": ["controlled", "paper"],
    "run --device c": ["cpu", "cuda"],
    "run --retry": ["--retry-failed"],
    "ls data": ["datasets"],
    "new my-method --kind ": [
        *("method", "reranker", "pseudo-words", "artefact", "dataset"),
        *("encoder", "joint-encoder", "pseudo-word-encoder"),
    ],
    "leaderboard --to l": ["latex"],
    "show tirg-": ["tirg-last-conv"],
    "check val": ["val"],
    "run --out ": [],
    "new ": [],
    "nonsense ": [],
}


@pytest.mark.parametrize("line", OFFERED, ids=repr)
def test_what_may_follow(run, line):
    done = run("__complete", "zsh", "cir-bench", *line.split(" "))
    assert (done.code, done.out.split(), done.err) == (0, OFFERED[line], "")


def test_the_objects_of_a_plugin_that_the_line_names(run, plugin):
    line = ["--no-plugins", "--plugin", str(plugin)]
    assert run("__complete", "zsh", "cir-bench", "run", *line, "-m", "my").out == "my-method\n"
    assert run("__complete", "zsh", "cir-bench", "run", *line, "-m", "my-method", "--set", "wi").out == "width=\n"


SPLIT_BY_BASH = {
    "cir-bench run --set training.epo": "training.epochs=\n",
    "cir-bench run --track=": "\n",
    "cir-bench run -m 'ti": "tirg\n",
    "cir-bench run -m tirg --se": "--seeds\n--set\n",
    "cir-bench run -b folder:": "\n",
}


@pytest.mark.parametrize("line", SPLIT_BY_BASH)
def test_bash_gives_the_line_since_it_splits_words_itself(run, line):
    assert run("__complete", "bash", line) == (0, SPLIT_BY_BASH[line], "")


def test_a_script_is_printed_for_each_shell_and_others_are_a_mistake(run):
    assert all("cir-bench __complete" in run("completion", shell).out for shell in ("bash", "zsh", "fish"))
    assert run("completion", "tcsh").code == 2


PRESS_TAB = {
    "bash": """eval "$(cir-bench completion bash)"
        COMP_LINE="cir-bench run -m ti"; COMP_POINT=${#COMP_LINE}; _cir_bench; echo "${COMPREPLY[@]}" """,
    "zsh": """compdef() { }; compadd() { echo ${(P)2} }; _files() { echo files }
        eval "$(cir-bench completion zsh)"
        words=(cir-bench run -m ti); CURRENT=4; _cir_bench""",
    "fish": """cir-bench completion fish | source; complete -C 'cir-bench run -m ti'""",
}


@pytest.mark.parametrize("shell", PRESS_TAB)
def test_the_script_works_in_its_shell(tmp_path, shell):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    program = tmp_path / "cir-bench"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cir_bench "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    done = subprocess.run([shell, "-c", PRESS_TAB[shell]], capture_output=True, text=True, env=environment, check=False)
    assert (done.stdout, done.stderr) == ("tirg\n", "")
