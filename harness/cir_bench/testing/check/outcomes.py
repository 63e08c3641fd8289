"""A pytest plugin that runs only contracts and notes the outcome of every check. Needs pytest."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from cir_bench.errors import CirBenchError
from cir_bench.plugin.remedies import in_words
from cir_bench.testing.check.topics import topic_of

SUBMISSION = "SubmissionContract"
"""Of data sets that name a submission."""
CONTRACTS: Mapping[str, tuple[str, ...]] = {
    "method": ("MethodContract", "RunContract"),
    "composer": ("ComposerContract",),
    "loss": ("LossContract",),
    "encoder": ("EncoderContract",),
    "dataset": ("DatasetContract", SUBMISSION),
    "executor": ("ExecutorContract",),
    "tracker": ("TrackerContract",),
}
"""The contracts of an object, by kind."""
LONGEST = 240
"""Characters of a reason."""
LIBRARIES = ("-packages/torch/", "-packages/_pytest/", "-packages/pluggy/", "/cir_bench/")
"""Folders whose files do not belong to a plugin."""


@dataclass(frozen=True)
class Outcome:
    """One check of one object."""

    kind: str
    name: str
    topic: str
    check: str
    """What is checked, in words."""
    result: Literal["passed", "failed", "skipped"]
    reason: str = ""
    """Why it failed or was skipped; of a passed check, what was measured."""
    seconds: float = 0.0
    variant: str = ""
    """Of a contract class with `variants`."""


class OutcomeRecorder:
    """The pytest plugin: an outcome for each finished check, and why a test file could not be collected.

    Args:
        generated: the file with the generated contract classes.
        objects: kind and name of the objects to check.
    """

    def __init__(self, generated: Path, objects: set[tuple[str, str]]) -> None:
        self.outcomes: list[Outcome] = []
        self.mistake = ""
        self._generated = generated
        self._objects = objects

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep the last line of an error that prevents a test file from being collected."""
        if report.failed:
            self.mistake = str(report.longrepr).strip().splitlines()[-1].removeprefix("E").strip()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the contracts of the objects; the author's classes replace the generated ones."""
        about = {item: _contract_of(item) for item in items}
        own = {what for item, what in about.items() if what and item.path != self._generated}
        items[:] = [
            item
            for item, what in about.items()
            if what and what[1:] in self._objects and (item.path != self._generated or what not in own)
        ]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        """Note a finished check, or one whose set-up failed."""
        report: pytest.TestReport = yield
        if report.when != "call" and report.passed:
            return report
        what = _contract_of(item)
        assert what is not None, "only contracts are collected"
        _, kind, name = what
        test = getattr(item, "originalname", item.name)
        reason = _reason(call) if not report.passed else str(dict(report.user_properties).get("note", ""))
        check = test.removeprefix("test_").replace("_", " ")
        variant = getattr(getattr(item, "instance", None), "variant", "")
        topic = topic_of(test)
        self.outcomes.append(Outcome(kind, name, topic, check, report.outcome, reason, report.duration, variant))
        return report


def _contract_of(item: pytest.Item) -> tuple[str, str, str] | None:
    """Contract, kind and name of the object that a test is about; None if it does not belong to a contract."""
    found = getattr(item, "cls", None)
    kinds = {contract: kind for kind, contracts in CONTRACTS.items() for contract in contracts}
    if found is None or not hasattr(found, "name"):
        return None
    for base in found.__mro__:
        if base.__module__.startswith("cir_bench.testing.") and base.__name__ in kinds:
            return base.__name__, kinds[base.__name__], found.name
    return None


def _reason(call: pytest.CallInfo[None]) -> str:
    """One line: a contract's message, an error of cir-bench, or what was raised and where in the plugin."""
    assert call.excinfo is not None
    error = call.excinfo.value
    if isinstance(error, pytest.skip.Exception):
        return _line(str(error))
    if isinstance(error, (AssertionError, CirBenchError)):
        return _line(str(error) or "the check does not hold")
    entry = next((entry for entry in reversed(call.excinfo.traceback) if not _is_library(str(entry.path))), None)
    where = f" ({Path(entry.path).name}:{entry.lineno + 1})" if entry is not None else ""
    return _line(in_words(error), len(where)) + where


def _is_library(path: str) -> bool:
    return any(library in path.replace(os.sep, "/") for library in LIBRARIES)


def _line(text: str, taken: int = 0) -> str:
    words = " ".join(text.split())
    room = LONGEST - taken
    return words if len(words) <= room else f"{words[: room - 2]} …"
