"""The table of reported numbers: every one is in a paper, under a protocol that exists."""

import csv
import os
from pathlib import Path

import pytest

from cir_bench.config import read_yaml
from cir_bench.leaderboard.reported import reported_numbers
from cir_bench.protocols.find import builtin_benchmarks

NAMES = {"SADN (ACM MM 2024)": "SADN", "TG-CIR (ACM MM 2023)": "TG-CIR", "CLVC-Net (SIGIR 2021)": "CLVC-Net"}


def test_no_number_stands_twice():
    keys = [(*one.source, one.benchmark, one.protocol, one.method, one.metric) for one in reported_numbers()]
    assert keys
    assert len(keys) == len(set(keys))


def test_every_protocol_named_is_one_of_ours():
    known = {
        (found["name"], protocol)
        for path in builtin_benchmarks()
        if (found := read_yaml(path))
        for protocol in found["protocols"]
    }
    assert {(one.benchmark, one.protocol) for one in reported_numbers()} <= known


@pytest.mark.shared
def test_every_number_is_in_the_papers():
    shared = Path(os.environ.get("CIR_BENCH_SHARED", Path(__file__).parents[2].parent / "shared"))
    path = shared / "reported" / "reported.csv"
    if not path.is_file():
        pytest.skip("needs the papers' tables: set CIR_BENCH_SHARED")
    with path.open(encoding="utf-8") as lines:
        printed = {
            (
                line["paper"],
                line["table"].split()[0],
                line["benchmark"],
                line["method"],
                line["metric"],
                float(line["value"]),
            )
            for line in csv.DictReader(lines)
            if line["value"].replace(".", "").isdigit()
        }
    for one in reported_numbers():
        assert (NAMES[one.paper], one.table, one.benchmark, one.named, one.metric, one.value) in printed
