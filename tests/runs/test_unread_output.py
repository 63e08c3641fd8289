"""`run` goes on when nobody reads its output any more (``cir-bench run … | head -1``)."""

from __future__ import annotations

import io
import os
import sys

import pytest


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["text", "json"])
def test_a_closed_pipe_fails_no_cell(toy, monkeypatch, options) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w", encoding="utf-8") as stream, monkeypatch.context() as patch:
        assert isinstance(stream, io.TextIOWrapper)
        patch.setattr(sys, "stdout", stream)
        code, _ = toy.run("-m", "random", "-m", "sum", *options)
    assert code == 0
    assert [(record.status, record.warnings) for record in toy.records().values()] == [("done", ())] * 2
    assert (toy.out / "LEADERBOARD.md").exists()
