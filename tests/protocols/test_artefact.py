"""The file of an artefact: what is read, and what is refused in a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cir_bench.errors import ConfigError
from cir_bench.protocols import artefact
from cir_bench.protocols.artefact import MOST_CHARACTERS, read_artefact

HEADER = {
    "artefact": "target-text",
    "version": 1,
    "per": "query",
    "dataset": "fashioniq",
    "split": "val",
    "model": "gpt",
    "prompt": "",
    "date": "2026-11-28",
    "licence": "unknown",
}
GOOD = {**HEADER, "texts": {"dress-0": "a red dress", "dress-1": "une robe dorée"}}


def write(path: Path, content: Any) -> Path:
    file = path / "texts.json"
    file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return file


def test_a_good_one(tmp_path: Path) -> None:
    found = read_artefact(write(tmp_path, GOOD))
    assert found.texts == GOOD["texts"]
    assert found.place == ("target-text", "fashioniq", "val")
    assert found.header.source == ""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is not an artefact: Expecting value"),
        (b"[]", 'it must be a JSON object with "texts"'),
        (HEADER, 'it must be a JSON object with "texts"'),
        (b'{"texts": {"a": "x", "a": "y"}}', "the key 'a' is given twice"),
        (b'{"model": "x", "model": "y", "texts": {"a": "x"}}', "the key 'model' is given twice"),
        (b"\xff\xfe\xfd", "is not an artefact"),
        (b"[" * 100_000, "nested too deeply"),
        ({**GOOD, "texts": {}}, "it has no texts"),
        ({**GOOD, "texts": {"a": " \n"}}, "the text of 'a' is empty"),
        ({**GOOD, "texts": {"a": 3}}, "the text of 'a' is not a string"),
        ({**GOOD, "texts": {"a": "x" * (MOST_CHARACTERS + 1)}}, "is longer than 10,000 characters"),
        ({**GOOD, "texts": {"a": "\ud800"}}, "the text of 'a' is not valid Unicode"),
        ({key: value for key, value in GOOD.items() if key != "model"}, "the key model must be given"),
        ({**GOOD, "model": " "}, "model=' ' is not allowed"),
        ({**GOOD, "modle": "x"}, "did you mean 'model'?"),
        ({**GOOD, "version": 2}, "version=2 is not allowed"),
        ({**GOOD, "per": "part"}, "per='part' is not allowed"),
        ({**GOOD, "artefact": "Target text"}, "artefact='Target text' is not allowed"),
        ({**GOOD, "date": "yesterday"}, "write a day as YYYY-MM-DD"),
    ],
)
def test_what_is_refused(tmp_path: Path, content: Any, expected: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_artefact(write(tmp_path, content))
    assert expected in str(error.value)
    assert "texts.json" in str(error.value)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artefact, "MOST_BYTES", 100)
    with pytest.raises(ConfigError, match="is not an artefact: it is larger than"):
        read_artefact(write(tmp_path, GOOD))
