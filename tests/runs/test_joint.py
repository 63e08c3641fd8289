"""Methods on joint features: the right pairs are encoded, once; an encoder without them is refused in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from cir_bench.records.load import read_records
from cir_bench.records.record import RunRecord

from .conftest import Toy

PLUGIN = Path(__file__).parents[1] / "support" / "joint_plugin.py"
JOINT = ("--plugin", str(PLUGIN), "-e", "toy-joint")


def only(toy: Toy) -> RunRecord:
    (record,) = read_records(toy.out)[0].values()
    return record


def test_a_query_is_its_reference_read_with_its_own_text(toy: Toy) -> None:
    """The toy's joint feature is that of the target, so a pair that is mixed up would be seen."""
    code, said = toy.run("-m", "joint", *JOINT)
    assert code == 0, said
    assert only(toy).metrics["R@1"] == 100
    assert only(toy).history == ()


def test_a_method_learns_on_joint_tokens(toy: Toy) -> None:
    code, said = toy.run("-m", "joint-linear", *JOINT, "--set", "training.epochs=3")
    assert code == 0, said
    record = only(toy)
    assert len(record.history) == 3
    assert record.history[-1].terms["batch-classification"] < record.history[0].terms["batch-classification"]


def test_a_trained_encoder_reads_pairs_anew(toy: Toy) -> None:
    settings = ("--set", "training.epochs=1", "--set", "training.encoder=train")
    code, said = toy.run("-m", "joint-linear", *JOINT, *settings)
    assert code == 0, said
    assert only(toy).encoder.trained


def test_pairs_are_encoded_once(toy: Toy) -> None:
    toy.run("-m", "joint", *JOINT)
    (folder,) = [path.parent for path in toy.cache.rglob("identity.json") if '"pair"' in path.read_text()]
    shards = sorted(folder.rglob("*.safetensors"))
    assert shards
    code, said = toy.plan("-m", "joint", *JOINT, "--seeds", "2", "--features")
    assert code == 0
    assert "pairs of toy" not in said
    toy.run("-m", "joint", *JOINT, "--seeds", "2")
    assert sorted(folder.rglob("*.safetensors")) == shards


def test_plan_counts_the_pairs_to_extract(toy: Toy) -> None:
    _, said = toy.plan("-m", "joint", *JOINT, "--features")
    assert "pairs of toy (test)" in said


def test_an_encoder_without_joint_features_is_refused_in_one_sentence(toy: Toy) -> None:
    code, said = toy.plan("-m", "joint", "-e", "toy")
    assert code == 1
    assert "joint features pooled (it gives nothing)" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("method", ["tirg", "sum"])
def test_other_methods_read_no_pairs(toy: Toy, method: str) -> None:
    code, said = toy.run("-m", method, *JOINT, "--set", "training.epochs=1")
    assert code == 0, said
    assert not [path for path in toy.cache.rglob("identity.json") if '"pair"' in path.read_text()]
