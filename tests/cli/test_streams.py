"""Texts that a terminal cannot show."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from cir_bench.cli.streams import write_anything


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
