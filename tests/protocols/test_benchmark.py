from __future__ import annotations

from pathlib import Path

import pytest

from cir_bench.errors import ConfigError
from cir_bench.protocols.benchmark import load_benchmark

GOOD = """
name: mine
dataset: folder
default_encoder: tiny
training: {epochs: 5, batch_size: 32}
selection: {every: 2}
protocols:
  first@1:
    reference: removed
    metrics: [R@1]
    headline: {name: R@1, mean_of: [R@1]}
  second@1: &second
    reference: kept
    metrics: [R@1]
    headline: {name: R@1, mean_of: [R@1]}
  second@10: *second
  second@9: *second
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD)
    return path


def test_a_file_is_read_once_and_again_when_it_has_changed(file: Path) -> None:
    before = load_benchmark(file)
    assert load_benchmark(file) is before
    file.write_text(GOOD.replace("epochs: 5", "epochs: 60"))
    assert load_benchmark(file).training["epochs"] == 60


def test_a_benchmark_is_read(file: Path) -> None:
    benchmark = load_benchmark(file)
    assert list(benchmark.protocols) == ["first@1", "second@1", "second@10", "second@9"]
    assert benchmark.training == {"epochs": 5, "batch_size": 32}
    assert benchmark.selection == {"every": 2}


def test_the_first_protocol_is_the_default_and_the_newest_version_is_taken(file: Path) -> None:
    benchmark = load_benchmark(file)
    assert benchmark.protocol_key(None) == "first@1"
    assert benchmark.protocol_key("second") == "second@10"
    assert benchmark.protocol_key("second@9") == "second@9"


@pytest.mark.parametrize("name", ["secnd", "second@2", ""])
def test_an_unknown_protocol_is_refused(file: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=f"The benchmark 'mine' has no protocol {name!r}; "):
        load_benchmark(file).protocol_key(name)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("default_encoder: tiny\n", "", "the key 'default_encoder' is missing; add it"),
        ("dataset: folder", "datasets: folder", "there is no key 'datasets'; did you mean 'dataset'?"),
        ("    reference: removed\n", "", "the key 'protocols.first@1.reference' is missing; add it"),
        ("reference: removed", "reference: gone", "protocols.first@1.reference: input should be 'kept' or 'removed'"),
        ("    reference: removed", "    refrence: removed\n    reference: kept", "did you mean 'reference'?"),
        ("[R@1]\n    headline: {name: R@1", "[R@x]\n    headline: {name: R@1", "There is no metric 'R@x'"),
        ("epochs: 5", "epoch: 5", "training: there is no training setting 'epoch'; did you mean 'epochs'?"),
        ("epochs: 5", "epochs: -5", "training"),
        ("every: 2", "evry: 2", "selection: there is no selection setting 'evry'; did you mean 'every'?"),
        ("every: 2", "every: 0", "selection"),
        ("first@1", "First", "'First' is not a protocol name; write name@version"),
        ("name: mine", "name: Mine!", "name: string should match pattern"),
        ("second@9", "second@10", "second@10"),
        ("protocols:", "protocols: [", "mine.yaml"),
    ],
)
def test_a_mistake_is_named_by_file_and_key(file: Path, old: str, new: str, sentence: str) -> None:
    assert old in GOOD
    file.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(ConfigError) as caught:
        load_benchmark(file)
    assert sentence.lower() in str(caught.value).lower()
    assert str(file) in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.yaml"):
        load_benchmark(tmp_path / "nothing.yaml")
