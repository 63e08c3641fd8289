"""Runs the contract tests of a plugin's objects with pytest."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest

from cir_bench.errors import CirBenchError, ConfigError
from cir_bench.interfaces.kinds import kind_of
from cir_bench.interfaces.spec_params import make_params
from cir_bench.interfaces.specs import Spec
from cir_bench.interfaces.two_stages import TwoStageMethod
from cir_bench.plugin.registry import Registered, Registry, load
from cir_bench.protocols.find import protocols_on
from cir_bench.testing.check.outcomes import CONTRACTS, SUBMISSION, Outcome, OutcomeRecorder

IMPORTS = """
from pathlib import Path

from cir_bench.testing.dataset import UserDatasetContract
from cir_bench.testing import *
"""


def run_contracts(
    objects: Sequence[Registered[Spec]],
    registry: Registry,
    *,
    files: Sequence[Path] = (),
    data_root: Path | None = None,
    tests: Path | None = None,
) -> list[Outcome]:
    """Run the contract tests of every object.

    Args:
        objects: what to check.
        registry: where they were found.
        files: single-file plugins that the contracts must load too.
        data_root: where data sets find their files.
        tests: a folder or file of the author's tests. Their contract classes replace the plain ones, with the
            parameters, files and exceptions that they declare; their other tests are not run.
    """
    outcomes: list[Outcome] = []
    sources = [IMPORTS]
    for registered in objects:
        unfit = _unfit(registered)
        if unfit is not None:
            outcomes.append(unfit)
            continue
        submits = bool(getattr(registered.spec, "submission", ""))
        for contract in CONTRACTS[kind_of(registered.spec).name]:
            if contract != SUBMISSION or submits:
                sources.append(f"class Test{len(sources)}{_source(contract, registered, registry, files, data_root)}")
    if len(sources) == 1 and tests is None:
        return outcomes
    with tempfile.TemporaryDirectory(prefix="cir-bench-check-") as name, _clean_environment():
        folder = Path(name)
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        generated = folder / f"test_{folder.name.replace('-', '_')}.py"  # pytest imports a module name once a process
        generated.write_text("\n".join(sources), encoding="utf-8")
        recorder = OutcomeRecorder(generated, {(kind_of(one.spec).name, one.name) for one in objects})
        asked = [str(generated), *([str(tests.resolve())] if tests else [])]
        code = pytest.main([*asked, *_options(folder)], plugins=[recorder])
    if code not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED}:
        where = f"{tests}: " if tests else ""
        raise ConfigError(
            f"{where}the tests cannot be collected: {recorder.mistake or 'pytest stopped'}; correct them."
        )
    return [*outcomes, *recorder.outcomes]


def _source(
    contract: str, registered: Registered[Spec], registry: Registry, files: Sequence[Path], data_root: Path | None
) -> str:
    """Base and body of the contract class of one object, as a plugin's own tests would write them."""
    if contract == "MethodContract" and issubclass(load(registered), TwoStageMethod):
        contract = "RerankerContract"
    paths = tuple(map(str, files))
    body = [f"name = {registered.name!r}", f"plugin_files = tuple(map(Path, {paths!r}))"]
    if contract == "DatasetContract":
        contract = "UserDatasetContract"
        # the split that the data set's first benchmark evaluates
        protocols = protocols_on(registered.name, registry.benchmark_paths())
        body.append(f"split = {next((protocol.split for protocol in protocols), 'val')!r}")
        if data_root is not None:
            body.append(f"root = Path({str(data_root)!r})")
    return "\n    ".join([f"({contract}):", *body]) + "\n"


def _unfit(registered: Registered[Spec]) -> Outcome | None:
    """Why an object cannot be checked at all; None if it can."""
    kind = kind_of(registered.spec).name
    try:
        load(registered)
    except CirBenchError as error:
        return Outcome(kind, registered.name, "import", "its class can be imported", "failed", str(error))
    try:
        make_params(registered.spec)
    except CirBenchError as error:
        reason = f"{error} Give values in your own contract class, and its folder with --tests"
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
    """Options and plugins of the caller's own pytest have no effect."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    with mock.patch.dict(os.environ, {**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}, clear=True):
        yield
