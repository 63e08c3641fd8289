"""`engine`: runs cir-bench on the toy benchmark with the executor of ``away_plugin.py``, in this process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from cir_bench.cli.app import main
from cir_bench.records.load import read_records
from cir_bench.records.record import RunRecord

PLUGINS = (Path(__file__).parents[1] / "support" / "toy_plugin.py", Path(__file__).with_name("away_plugin.py"))


@dataclass
class Engine:
    folder: Path
    capture: pytest.CaptureFixture[str] | None
    name: str = "runs"

    @property
    def out(self) -> Path:
        return self.folder / self.name

    def argv(self, *options: str) -> list[str]:
        plugins = [word for path in PLUGINS for word in ("--plugin", str(path))]
        place = ["--out", str(self.out), "--cache-dir", str(self.folder / f"cache-{self.name}")]
        return ["run", *plugins, "-b", "toy", *place, "--device", "cpu", *options]

    def run(self, *options: str) -> tuple[int, str]:
        code = main(self.argv(*options))
        if self.capture is None:
            return code, ""
        said = self.capture.readouterr()
        return code, said.out + said.err

    def records(self) -> dict[str, RunRecord]:
        """By method."""
        return {record.cell.method: record for record in read_records(self.out)[0].values()}

    def sent(self, name: str) -> list[list[str]]:
        """The names of the files that went with each job of this name, in the order of its tries."""
        found = sorted((self.folder / "scratch" / "sent").glob(f"{name}-*.txt"))
        return [path.read_text().split() for path in found]


@pytest.fixture
def engine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Engine:
    return Engine(tmp_path, capsys)
