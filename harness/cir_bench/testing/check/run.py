"""The contract classes held against objects of a plugin, by pytest, and what came of it. Needs pytest."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from unittest import mock

import pytest

from cir_bench.errors import CirBenchError, ConfigError
from cir_bench.interfaces.kinds import kind_of
from cir_bench.interfaces.spec_params import make_params
from cir_bench.interfaces.specs import Spec
from cir_bench.plugin.registry import Registered, Registry, load
from cir_bench.plugin.remedies import in_words
from cir_bench.protocols.find import protocols_on
from cir_bench.testing.check.topics import topic_of

SUBMISSION = "SubmissionContract"
"""Of data sets that name a submission."""
CONTRACTS: Mapping[str, tuple[str, ...]] = {
    "method": ("MethodContract", "RunContract"),
    "composer": ("ComposerContract",),
    "loss": ("LossContract",),
    "encoder": ("EncoderContract",),
    "dataset": ("DatasetContract", SUBMISSION),
}
"""The contracts of an object, by kind."""
LONGEST = 240
"""Characters of a reason."""


@dataclass(frozen=True)
class Outcome:
    """One check of one object."""

    kind: str
    name: str
    topic: str
    check: str
    """What must be so, in words."""
    result: Literal["passed", "failed", "skipped"]
    reason: str = ""
    """Why not; of a passed check, what was measured."""
    seconds: float = 0.0
    variant: str = ""
    """Of a contract class with `variants`."""


def run_contracts(
    objects: Sequence[Registered[Spec]],
    registry: Registry,
    *,
    files: Sequence[Path] = (),
    data_root: Path | None = None,
    tests: Path | None = None,
) -> list[Outcome]:
    """Hold every object against the contracts of its kind.

    Args:
        objects: what to check.
        registry: where they were found.
        files: single-file plugins that the contracts must load too.
        data_root: where data sets find their files.
        tests: a folder or file of the author's tests. Their contract classes take the place of the plain ones, with
            the parameters, files and exceptions that they declare; their other tests are not run.
    """
    outcomes: list[Outcome] = []
    sources = [_IMPORTS]
    for registered in objects:
        unfit = _unfit(registered)
        if unfit is not None:
            outcomes.append(unfit)
            continue
        for contract in CONTRACTS[kind_of(registered.spec).name]:
            if contract == SUBMISSION and not getattr(registered.spec, "submission", ""):
                continue
            sources.append(_source(len(sources), contract, registered, registry, files, data_root))
    if len(sources) == 1 and tests is None:
        return outcomes
    with tempfile.TemporaryDirectory(prefix="cir-bench-check-") as name, _clean_environment():
        folder = Path(name)
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        generated = folder / f"test_{folder.name.replace('-', '_')}.py"  # pytest imports a module name once a process
        generated.write_text("\n".join(sources), encoding="utf-8")
        watch = _Watch(generated, {(kind_of(one.spec).name, one.name) for one in objects})
        asked = [str(generated), *([str(tests.resolve())] if tests else [])]
        code = pytest.main([*asked, *_options(folder)], plugins=[watch])
    if code not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED}:
        where = f"{tests}: " if tests else ""
        raise ConfigError(f"{where}the tests cannot be collected: {watch.mistake or 'pytest stopped'}; correct them.")
    return [*outcomes, *watch.outcomes]


_IMPORTS = """
from pathlib import Path

from cir_bench.testing.check.user_dataset import GivenDataset
from cir_bench.testing import *
"""


def _source(
    number: int,
    contract: str,
    registered: Registered[Spec],
    registry: Registry,
    files: Sequence[Path],
    data_root: Path | None,
) -> str:
    """The contract class of one object, as a plugin's own tests would write it."""
    values = {"name": registered.name, "plugin_files": tuple(str(file) for file in files)}
    lines = [f"class Test{number}({contract if contract != 'DatasetContract' else 'GivenDataset'}):"]
    lines += [f"    name = {values['name']!r}", f"    plugin_files = tuple(map(Path, {values['plugin_files']!r}))"]
    if contract == "DatasetContract":
        lines.append(f"    split = {_split_of(registered.name, registry)!r}")
        if data_root is not None:
            lines.append(f"    root = Path({str(data_root)!r})")
    return "\n".join(lines) + "\n"


def _split_of(dataset: str, registry: Registry) -> str:
    """The split that the data set's first benchmark evaluates; ``val`` where it has none."""
    files = registry.benchmark_paths()
    return next((protocol.split for protocol in protocols_on(dataset, files)), "val")


def _unfit(registered: Registered[Spec]) -> Outcome | None:
    """Why an object cannot be checked at all; None when it can."""
    kind = kind_of(registered.spec).name
    try:
        load(registered)
    except CirBenchError as error:
        return Outcome(kind, registered.name, "import", "its class can be imported", "failed", str(error))
    try:
        make_params(registered.spec)
    except CirBenchError as error:
        reason = f"{error} Give values in a contract class of the plugin's own, and its folder with --tests"
        return Outcome(kind, registered.name, "parameters", "it can be made without parameters", "skipped", reason)
    return None


def _options(folder: Path) -> list[str]:
    # the last two collect garbage several times as they end, which takes longer than most contracts
    out = ["terminal", "cacheprovider", "faulthandler", "unraisableexception", "threadexception"]
    names = [*(f"no:{name}" for name in out), "cir_bench.pytest_plugin"]
    plugins = [word for name in names for word in ("-p", name)]
    place = ["-c", str(folder / "pytest.ini"), f"--rootdir={folder}", f"--basetemp={folder / 'tmp'}"]
    return [*plugins, *place, "--import-mode=importlib", "--capture=no", "-W", "ignore"]


@contextmanager
def _clean_environment() -> Iterator[None]:
    """No option and no plugin of the caller's pytest counts."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    with mock.patch.dict(os.environ, {**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}, clear=True):
        yield


class _Watch:
    """A pytest plugin that keeps to the contracts and notes what came of every check."""

    def __init__(self, generated: Path, wanted: set[tuple[str, str]]) -> None:
        self.outcomes: list[Outcome] = []
        self.mistake = ""
        self._generated = generated
        self._wanted = wanted

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep the last line of what kept a test file from being read."""
        if report.failed:
            self.mistake = str(report.longrepr).strip().splitlines()[-1].removeprefix("E").strip()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Contracts of the wanted objects; the author's classes in the place of the generated ones."""
        about = {item: _contract_of(item) for item in items}
        own = {what for item, what in about.items() if what and item.path != self._generated}
        items[:] = [
            item
            for item, what in about.items()
            if what and what[1:] in self._wanted and (item.path != self._generated or what not in own)
        ]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        """Note a finished check, or one that did not get past its set-up."""
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
    """Contract, kind and name of the object that a test is about; None when it belongs to no contract."""
    found = getattr(item, "cls", None)
    kinds = {contract: kind for kind, contracts in CONTRACTS.items() for contract in contracts}
    if found is None or not hasattr(found, "name"):
        return None
    for base in found.__mro__:
        if base.__module__.startswith("cir_bench.testing.") and base.__name__ in kinds:
            return base.__name__, kinds[base.__name__], found.name
    return None


def _reason(call: pytest.CallInfo[None]) -> str:
    """One line: a contract's message, a sentence of ours, or what was raised and where in the plugin."""
    assert call.excinfo is not None
    error = call.excinfo.value
    if isinstance(error, pytest.skip.Exception):
        return _line(str(error))
    if isinstance(error, (AssertionError, CirBenchError)):
        return _line(str(error) or "the check does not hold")
    entry = next((entry for entry in reversed(call.excinfo.traceback) if not _is_library(str(entry.path))), None)
    where = f" ({Path(entry.path).name}:{entry.lineno + 1})" if entry is not None else ""
    return _line(in_words(error), len(where)) + where


LIBRARIES = ("-packages/torch/", "-packages/_pytest/", "-packages/pluggy/", "/cir_bench/")
"""Folders whose lines are no place in a plugin."""


def _is_library(path: str) -> bool:
    return any(library in path.replace(os.sep, "/") for library in LIBRARIES)


def _line(text: str, taken: int = 0) -> str:
    words = " ".join(text.split())
    room = LONGEST - taken
    return words if len(words) <= room else f"{words[: room - 2]} …"
