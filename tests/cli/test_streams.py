"""Texts that a terminal cannot show; output that nobody reads."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cir_bench.cli.streams import UNREAD, open_streams, write_anything


def written(text: str, encoding: str) -> bytes:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="")
    write_anything(stream)
    stream.write(text)
    stream.flush()
    return raw.getvalue()


def test_what_an_encoding_lacks_is_escaped_and_the_rest_is_as_it_was():
    assert written("é – \U0001f600", "ascii") == rb"\u00e9 \u2013 \ud83d\ude00"
    assert written("é –", "latin-1") == b"\xe9 \\u2013"
    assert written("é –", "utf-8") == "é –".encode()
    assert written("\udcff", "utf-8") == rb"\udcff"


@given(st.text())
def test_json_stays_json_in_any_encoding(text):
    assert json.loads(written(json.dumps(text, ensure_ascii=False), "ascii")) == text


def test_a_listing_ends_well_without_utf8():
    environment = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""}
    command = [sys.executable, "-m", "cir_bench", "show", "css", "--no-plugins"]
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert done.returncode == 0 and done.stderr == b"" and rb"3\u00d73" in done.stdout


@pytest.fixture
def unread():
    """The end of a pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


@pytest.mark.parametrize("words", [["--help"], ["ls", "--no-plugins"], ["show", "css", "--json"]], ids=" ".join)
def test_a_verb_whose_output_nobody_reads_ends_quietly(unread, words):
    command = [sys.executable, "-m", "cir_bench", *words]
    done = subprocess.run(command, stdout=unread, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (UNREAD, "")


def test_streams_that_the_caller_closed_drop_what_is_written(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    open_streams()
    assert not sys.stdout.isatty()
    print("nowhere")
    sys.stdout.close()
