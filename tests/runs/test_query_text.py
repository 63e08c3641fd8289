"""Whose template the text of a query stands in, and what a text tower that reads pseudo-words is given."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from cir_bench.cli.app import main
from cir_bench.records.load import read_records
from cir_bench.records.record import RunRecord

PLUGIN = Path(__file__).parents[1] / "support" / "templates_plugin.py"
OPEN = "protocol worded/open@1"
BOTH = ["is red and costs $5", "is old and is {big}"]


@dataclass
class Worded:
    """Runs cir-bench on the benchmark ``worded`` of the plugin."""

    folder: Path
    capture: pytest.CaptureFixture[str]

    def main(self, verb: str, *options: str) -> tuple[int, str]:
        code = main([verb, *options, "--plugin", str(PLUGIN)])
        said = self.capture.readouterr()
        return code, said.out + said.err

    def cells(self, verb: str, protocol: str, method: str, *more: str) -> tuple[int, str]:
        folders = ("--out", str(self.folder / "runs"), "--cache-dir", str(self.folder / "cache"), "--device", "cpu")
        return self.main(verb, "-b", f"worded/{protocol}", "-m", method, *folders, *more)

    def run(self, protocol: str, method: str = "word") -> RunRecord:
        """The record."""
        code, said = self.cells("run", protocol, method)
        assert code == 0, said
        found = read_records(self.folder / "runs")[0].values()
        (record,) = [one for one in found if (one.cell.protocol, one.cell.method) == (f"{protocol}@1", method)]
        return record

    def read(self) -> list[list[str]]:
        """Template and caption of every text with a pseudo-word."""
        return [json.loads(line) for line in (self.folder / "cache" / "read.jsonl").read_text().splitlines()]


@pytest.fixture
def worded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Worded:
    return Worded(tmp_path, capsys)


@pytest.mark.parametrize(
    ("protocol", "template", "captions"),
    [
        ("open", "a photo of $ , {text}", BOTH),
        ("same", "a photo of $ , {text}", BOTH),
        (
            "concept",
            "a photo of $ , {text}",
            ["a hat that is red and costs $5", "a $ note that is old and is {big}"],
        ),
        (
            "orders",
            "$ that {text}",
            [BOTH[0], "costs $5 and is red", BOTH[1], "is {big} and is old"],
        ),
    ],
)
def test_what_the_text_tower_reads(worded: Worded, protocol: str, template: str, captions: list[str]) -> None:
    worded.run(protocol)
    assert worded.read() == [[template, caption] for caption in captions]


def test_equal_templates_give_equal_numbers(worded: Worded) -> None:
    """A protocol with the template that the method has, too, is another protocol with the same rankings."""
    own, theirs = worded.run("open"), worded.run("same")
    assert own.protocol.hash != theirs.protocol.hash
    assert own.rankings == theirs.rankings
    assert own.rankings
    assert worded.run("orders").rankings != own.rankings


@pytest.mark.parametrize(
    ("protocol", "method", "shown"),
    [
        (
            "open",
            "word",
            "a photo of $ , {text}  the method's own; the protocol worded/open@1 has none for pseudo-words",
        ),
        ("concept", "word", "a photo of $ , {concept} that {text}  protocol worded/concept@1"),
        ("concept", "text-only", "find {concept} but {text}  protocol worded/concept@1"),
        ("open", "text-only", None),
    ],
)
def test_show_says_whose_template_it_is(worded: Worded, protocol: str, method: str, shown: str | None) -> None:
    code, said = worded.main("show", method, "-b", f"worded/{protocol}")
    assert code == 0
    lines = [line.strip() for line in said.splitlines()]
    found = [line.removeprefix("query text").strip() for line in lines if line.startswith("query text")]
    assert [" ".join(line.split()) for line in found] == ([] if shown is None else [" ".join(shown.split())])


def test_a_template_that_would_not_be_read_is_refused(worded: Worded) -> None:
    changed = ("--set", "word.template=the $ that {text}")
    code, said = worded.cells("plan", "concept", "word", *changed)
    assert code == 1
    assert "is not read; do not set it, or choose another protocol." in said
    assert "the protocol worded/concept@1 has the template 'a photo of $ , {concept} that {text}'" in said
    _, said = worded.cells("plan", "open", "word", *changed)
    assert "is not read" not in said


@pytest.mark.parametrize("wrong", ["no word that {text}", "$ alone", "a {concept} of $ {text}"])
def test_a_template_of_the_users_that_cannot_be_read_is_refused(worded: Worded, wrong: str) -> None:
    code, said = worded.cells("plan", "open", "word", "--set", f"word.template={wrong}")
    assert code == 1
    assert "method 'word': " in said
    assert "Traceback" not in said
