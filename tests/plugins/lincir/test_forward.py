"""LinCIR's equations: the masking, the mapping, the loss, and the files of its authors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from cir_bench import BuildContext, EncoderShape, Features, FeatureShape, PseudoWords, TrainBatch
from cir_bench_lincir.masking import LONGEST, masked
from cir_bench_lincir.method import Lincir
from cir_bench_lincir.params import LincirParams

WIDTH = 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A small red disc in the middle, next to a big box.", "$ in $ , next to $ ."),
        ("the dog", "$"),
        ("costs $5 in {text}", "$ in { $ }"),
        ("", "a photo of $"),
        ("?!", "a photo of $"),
    ],
)
def test_runs_of_keywords_become_one_word(text: str, expected: str) -> None:
    assert masked(text) == expected


def test_without_keywords_one_word_is_drawn() -> None:
    torch.manual_seed(0)
    found = {masked("it is in") for _ in range(40)}
    assert found == {"$ is in", "it $ in", "it is $"}


def test_the_released_code_keeps_keywords_at_the_end() -> None:
    assert masked("a dog on the beach", last_run=False) == "$ on the beach"
    assert masked("a dog on the beach.", last_run=False) == "$ on $ ."
    assert LincirParams(variant="released").last_run == "kept"


def test_long_texts_are_cut() -> None:
    assert len(masked("dog in " * 100).split()) == LONGEST


class Tower:
    """Notes the texts; gives the vectors."""

    def __init__(self) -> None:
        self.read: list[tuple[str | Sequence[str], Sequence[str]]] = []

    def __call__(self, template: str | Sequence[str], captions: Sequence[str], vectors: Tensor) -> Features:
        self.read.append((template, captions))
        return Features(vectors)


def method_with(tower: Tower, **params: object) -> Lincir:
    torch.manual_seed(1)
    shape = FeatureShape(pooled=WIDTH)
    settings = LincirParams.model_validate({"dropout": 0.0, **params})
    return Lincir(settings, BuildContext(EncoderShape(shape, shape), PseudoWords(WIDTH, tower)))


def by_hand(method: Lincir, x: Tensor) -> Tensor:
    weights = method.mapping.state_dict()
    for place in (0, 3):
        x = F.gelu(x @ weights[f"layers.{place}.weight"].T + weights[f"layers.{place}.bias"])
    return x @ weights["layers.6.weight"].T + weights["layers.6.bias"]


@pytest.mark.parametrize("normalise", [False, True])
def test_a_text_is_told_its_own_feature(normalise: bool) -> None:
    tower = Tower()
    method = method_with(tower, noise=0.5, normalise=normalise)
    feature = 3 * torch.randn(2, WIDTH)
    text = Features(feature, texts=("a dog on the beach", "red"))
    batch = TrainBatch(Features(), text, Features(), torch.eye(2).bool())
    torch.manual_seed(7)
    (step,) = method.training_steps(batch, method.stages()[0])
    torch.manual_seed(7)
    amount, noise = 0.5 * torch.rand(2, 1), torch.randn(2, WIDTH)
    read = F.normalize(feature, dim=1) if normalise else feature
    torch.testing.assert_close(step.total(), ((by_hand(method, read + amount * noise) - feature) ** 2).mean())
    assert tower.read == [(["$ on $", "$"], ["", ""])]


@pytest.mark.parametrize("normalise", [False, True])
def test_a_query_has_the_word_of_the_image(normalise: bool) -> None:
    tower = Tower()
    method = method_with(tower, normalise=normalise).eval()
    image = 3 * torch.randn(2, WIDTH)
    query = method.composer.compose(Features(image), Features(torch.zeros(2, WIDTH), texts=("is red", ""))).main
    torch.testing.assert_close(query, by_hand(method, F.normalize(image, dim=1) if normalise else image))
    assert tower.read == [("a photo of $ that {text}", ("is red", ""))]


def test_a_published_file_is_evaluated_as_it_is(tmp_path: Path, on_toy) -> None:
    """``{"epoch": …, "Phi": state dict}``, for the widths of `tiny`."""
    shapes = {"layers.0": (512, 128), "layers.3": (512, 512), "layers.6": (96, 512)}
    phi = {f"{name}.weight": torch.randn(*shape) / shape[1] ** 0.5 for name, shape in shapes.items()}
    phi |= {f"{name}.bias": torch.randn(shape[0]) for name, shape in shapes.items()}
    torch.save({"epoch": 3, "Phi": phi}, tmp_path / "lincir.pt")
    toy = on_toy("-e", "tiny")
    code, said = toy("run", "-m", "lincir", "--weights", f"lincir={tmp_path / 'lincir.pt'}")
    assert code == 0, said
    record = toy.record()
    assert (record.weights.entry, record.history) == ("Phi", ())
    assert "validation split of CIRR" in record.weights.caution
