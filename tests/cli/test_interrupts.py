"""Ctrl-C in any verb: one line, exit code 130, no traceback; pressed again, nothing more."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cir_bench.cli import app

PRESSED = """
import atexit, signal

def again():
    signal.raise_signal(signal.SIGINT)

if {at_the_end}:
    atexit.register(again)
try:
    signal.raise_signal(signal.SIGINT)
finally:
    again()
"""
"""A plugin during whose import Ctrl-C is pressed, and pressed again while the first is answered."""
START = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # some runners of tests ignore it
from cir_bench.cli import entry
sys.exit(entry())
"""


def test_a_verb_that_is_interrupted_says_so_in_one_line(run, monkeypatch):
    def interrupted(words, prog_name):
        raise KeyboardInterrupt

    monkeypatch.setattr(app, "_command", lambda verb: interrupted)
    assert run("leaderboard") == (130, "", "cir-bench: interrupted.\n")


@pytest.mark.parametrize(("at_the_end", "code"), [(False, 130), (True, -2)])
def test_a_second_ctrl_c_is_quiet(tmp_path, at_the_end, code):
    """Also as the interpreter ends, where it ends the process at once."""
    plugin = tmp_path / "pressed.py"
    plugin.write_text(PRESSED.format(at_the_end=at_the_end), encoding="utf-8")
    words = ["ls", "--no-plugins", "--plugin", str(plugin)]
    done = subprocess.run([sys.executable, "-c", START, *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "cir-bench: interrupted.\n")
