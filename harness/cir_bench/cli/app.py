"""The frame of the command line: the table of verbs, and how errors end it. Imports nothing heavy.

A verb is a function decorated with `cir_bench.cli.common.with_settings`, or a ``typer.Typer`` with several of them
(``cir-bench data verify``); its options are the function's parameters in typer's notation.
"""

from __future__ import annotations

import errno
import importlib
import shlex
import sys
from collections.abc import Callable, Sequence
from functools import partial

from cir_bench.cli.streams import drop_output, open_streams, write_anything
from cir_bench.errors import DEBUG, DISK_FULL, CirBenchError, ConfigError, debugging, did_you_mean
from cir_bench.interrupts import INTERRUPTED, end_at_ctrl_c, heed_ctrl_c
from cir_bench.ranks.join import launched
from cir_bench.version import __version__

COMPLETE = "__complete"
"""The first word of a command line with which a shell asks for completions (`cir_bench.cli.complete`)."""
MISTAKE = 2
"""Exit code for a user's mistake, such as a wrong option."""
_WRONG = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
NO_BUGS = _WRONG | _FORBIDDEN | DISK_FULL
"""What the system says about a path the user gave."""

VERBS = {
    "run": "Train and evaluate cells; skip what is done.",
    "plan": "Show the cells of a run: done, stale, to do; time and disk.",
    "tune": "Choose parameters on held-out train triplets, one budget for all.",
    "leaderboard": "Write LEADERBOARD.md from the records.",
    "compare": "Compare two methods query by query: how sure, and where.",
    "report": "Write HTML pages: tables, charts, example queries with images.",
    "score": "Score rankings from elsewhere.",
    "submit": "Write or check the files that a hidden test set's server takes.",
    "export": "Write the trained model of a finished cell as a folder.",
    "push": "Send a trained model, or records, to the Hugging Face Hub.",
    "index": "Embed the images of a folder with a trained model, to be searched.",
    "search": "Search an index by an image and a text.",
    "serve": "Search an index on a page in the browser.",
    "data": "Check, describe, download or export a data set.",
    "ls": "List methods, encoders, data sets, losses, trackers, benchmarks.",
    "show": "Show one of them: card, paper, parameters, which encoders fit.",
    "new": "Write a new package: a method, data set or encoder with tests that pass.",
    "check": "Run the contract tests on a plugin: passed, failed, skipped, why.",
    "doctor": "Check the installation, the plugins, the data and the device.",
    "completion": "Print the script that completes command lines in your shell.",
}
"""The lines of ``cir-bench --help``. A verb is the object of its name in the module of its name in this package."""


def entry() -> int:
    """The program ``cir-bench``: `main`, with ``run`` in a process of its own that may die (`cir_bench.cli.watch`)."""
    heed_ctrl_c()
    open_streams()
    if sys.argv[1:2] == ["run"] and launched()[0] and not debugging():
        drop_output()  # what there is to say, the first process of a torchrun says
    try:
        return _entry(sys.argv[1:])
    except KeyboardInterrupt:  # before or after `main`, or to debug
        if debugging():
            raise
        return INTERRUPTED
    finally:
        end_at_ctrl_c()


def _entry(words: Sequence[str]) -> int:
    if words[:1] != ["run"] or {"-h", "--help"} & set(words):
        return main(words)
    from cir_bench.cli.watch import can_watch, watch

    if can_watch():
        return watch(words)
    from cir_bench.runs.lifeline import open_lifeline

    lifeline = open_lifeline()
    code = 1
    try:
        code = main(words)
    finally:
        if lifeline is not None:
            lifeline.end(code)
    return code


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (``sys.argv`` by default) and return its exit code.

    A `CirBenchError` is printed as its one sentence and gives 2, and so does a path that cannot be read or written
    (`NO_BUGS`); Ctrl-C gives 130; any other exception is a bug and keeps its traceback.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    write_anything(sys.stdout, sys.stderr)
    try:
        code = _answer(words)
        sys.stdout.flush()  # here, where it may fail, and not when the interpreter ends
    except KeyboardInterrupt:
        if debugging():
            raise
        print("cir-bench: interrupted.", file=sys.stderr)
        return INTERRUPTED
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return code


def _answer(words: Sequence[str]) -> int:
    try:
        return _run(words)
    except CirBenchError as error:
        if debugging():
            raise
        print(f"cir-bench: {error}", file=sys.stderr)
        return MISTAKE
    except OSError as error:
        if error.errno not in NO_BUGS or debugging():
            raise
        where = f"{error.filename}: " if error.filename else ""
        remedy = f"correct the path, its permissions or the space left ({DEBUG}=1 shows the traceback)."
        print(f"cir-bench: {where}{error.strerror}; {remedy}", file=sys.stderr)
        return MISTAKE


def _run(words: Sequence[str]) -> int:
    if not words or words[0] in {"-h", "--help"}:
        print(_help())
        return 0
    if words[0] in {"-V", "--version"}:
        print(f"cir-bench {__version__}")
        return 0
    verb, *rest = words
    if verb == COMPLETE:
        print(*importlib.import_module("cir_bench.cli.complete").answer(rest), sep="\n")
        return 0
    if verb.startswith("-"):
        raise ConfigError(f"options follow the verb; write {_verb_first(words)} (see cir-bench --help).")
    if verb not in VERBS:
        raise ConfigError(f"there is no verb {verb!r}; {did_you_mean(verb, VERBS)}")
    return _command(verb)(rest, f"cir-bench {verb}")


def _verb_first(words: Sequence[str]) -> str:
    """The command line with its verb before the options."""
    place = next((place for place, word in enumerate(words) if word in VERBS), None)
    if place is None:
        return shlex.join(["cir-bench", "VERB", *words])
    return shlex.join(["cir-bench", words[place], *words[:place], *words[place + 1 :]])


def _command(verb: str) -> Callable[[Sequence[str], str], int]:
    from cir_bench.cli.invoke import invoke

    return partial(invoke, getattr(importlib.import_module(f"cir_bench.cli.{verb}"), verb))


def _help() -> str:
    width = max(map(len, VERBS))
    return "\n".join(
        [
            "Usage: cir-bench VERB [OPTIONS]",
            "",
            "Compare composed image retrieval methods under identical, named protocols.",
            "",
            "Verbs:",
            *(f"  {verb:<{width}}  {about}" for verb, about in VERBS.items()),
            "",
            "Options follow the verb, and every verb has --help. `cir-bench run --all` needs no data.",
            f"{DEBUG}=1 shows the traceback of an error, CIR_BENCH_STRICT=1 makes a broken plugin fatal.",
        ]
    )
