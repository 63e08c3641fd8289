"""SEARLE's inversion, distillation and regularisation; its checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from cir_bench import BuildContext, EncoderShape, Features, FeatureShape, PseudoWords, TrainBatch
from cir_bench.testing.features import FeatureGallery
from cir_bench.testing.words import WORD_WIDTH, random_words
from cir_bench_searle.inversion import Inversion
from cir_bench_searle.method import Searle, contrastive
from cir_bench_searle.params import SearleParams
from cir_bench_searle.sentences import FRAMES, TEMPLATES, Sentences

WIDTH = 12
SMALL: dict[str, Any] = {"steps": 80, "inversion_lr": 0.1, "average": 0.8, "concepts": ("cat", "red box", "dog")}


@pytest.fixture
def words() -> PseudoWords:
    return random_words(WIDTH)


@pytest.fixture
def images() -> Tensor:
    torch.manual_seed(3)
    return torch.randn(6, WIDTH)


def inversion(words: PseudoWords, **params: Any) -> Inversion:
    settings = SearleParams.model_validate({**SMALL, **params})
    return Inversion(words, Sentences(words, settings.concepts), settings)


def method(words: PseudoWords, **params: Any) -> Searle:
    torch.manual_seed(0)
    shape = FeatureShape(pooled=WIDTH)
    settings = SearleParams.model_validate({**SMALL, "dropout": 0.0, **params})
    return Searle(settings, BuildContext(EncoderShape(shape, shape), words))


def batch_of(images: Tensor, rows: Tensor) -> TrainBatch:
    image = Features(images[rows])
    empty = Features(torch.zeros(len(rows), WIDTH), texts=("",) * len(rows))
    gallery = FeatureGallery(Features(images), rows, rows)
    return TrainBatch(image, empty, image, torch.eye(len(rows)).bool(), gallery=gallery)


def test_there_are_24_templates_as_in_the_paper() -> None:
    assert len(set(TEMPLATES)) == 24
    assert all(text.split().count("$") == 1 for text in (*TEMPLATES, *FRAMES))


def test_inverted_words_bring_the_text_to_the_image(words: PseudoWords, images: Tensor) -> None:
    found = inversion(words, inversion_weight=0.0)(images)
    text = words.read("a photo of $", [""] * 6, found).need_pooled()
    start = words.read("a photo of $", [""] * 6, torch.zeros(6, WORD_WIDTH)).need_pooled()
    before, after = (F.cosine_similarity(one, images, dim=1) for one in (start, text))
    assert (after > before).all()
    assert after.mean() > 0.7


def test_the_first_step_is_adamws_from_the_start_and_the_average_lags(words: PseudoWords, images: Tensor) -> None:
    one = inversion(words, steps=1, average=0.0)
    step = one(images) - one.start
    assert (step.abs() > 0.09).float().mean() > 0.95  # AdamW's first step has the length of the learning rate
    lagging = inversion(words, steps=1, average=0.75)
    torch.testing.assert_close(lagging(images) - lagging.start, step / 4)


def test_a_word_depends_on_its_image_alone_and_is_found_again(words: PseudoWords, images: Tensor) -> None:
    together, alone = inversion(words)(images), inversion(words)(images[2:3])
    torch.testing.assert_close(together[2:3], alone, rtol=1e-3, atol=1e-3)
    torch.manual_seed(99)
    assert torch.equal(inversion(words)(images), together)


def test_the_regularisation_changes_the_words(words: PseudoWords, images: Tensor) -> None:
    sentences = Sentences(words, SMALL["concepts"])
    near = sentences.nearest(images, 15)
    assert near.shape == (6, 3)
    free, regular = inversion(words, inversion_weight=0.0)(images), inversion(words, inversion_weight=4.0)(images)
    losses = [sum(sentences.loss(one, near[:, 0], frame).mean() for frame in range(8)) for one in (free, regular)]
    assert losses[1] < losses[0]


def test_the_loss_of_a_sentence_is_its_distance_from_the_one_with_the_name(words: PseudoWords) -> None:
    vectors = torch.randn(2, WORD_WIDTH)
    found = Sentences(words, ("cat", "red box")).loss(vectors, torch.tensor([1, 0]), 2)
    named = words.read_plain([FRAMES[2].replace("$", name) for name in ("red box", "cat")]).need_pooled()
    worded = words.read([FRAMES[2]] * 2, ["", ""], vectors).need_pooled()
    torch.testing.assert_close(found, 1 - F.cosine_similarity(named, worded, dim=1))


def test_the_distillation_loss_has_2b_minus_1_candidates() -> None:
    found, wanted = torch.randn(3, 4).double(), torch.randn(3, 4).double()
    both = F.normalize(torch.cat([found, wanted]), dim=1)
    shares = []
    for i in range(6):
        others = [j for j in range(6) if j != i]
        scores = torch.stack([both[i] @ both[j] / 0.25 for j in others])
        shares.append(-torch.log_softmax(scores, 0)[others.index((i + 3) % 6)])
    torch.testing.assert_close(contrastive(found, wanted, torch.eye(3).bool(), 0.25), torch.stack(shares).mean())


def test_a_copy_of_an_image_is_no_negative() -> None:
    words = torch.eye(4)[[0, 1, 0]]
    same = torch.tensor([[True, False, True], [False, True, False], [True, False, True]])
    assert contrastive(words, words, same, 0.25) < contrastive(words, words, torch.eye(3).bool(), 0.25)


def test_a_step_is_distillation_and_regularisation(words: PseudoWords, images: Tensor) -> None:
    searle, rows = method(words), torch.tensor([4, 1, 0])
    (step,) = searle.training_steps(batch_of(images, rows), searle.stages()[0])
    wanted, found = searle.inversion(images)[rows], searle.composer.mapping(images[rows])
    torch.testing.assert_close(step.terms["distillation"], contrastive(found, wanted, torch.eye(3).bool(), 0.25))
    assert step.weights == {"regularisation": 0.75}
    without = method(words, distillation_weight=0.0)
    (step,) = without.training_steps(batch_of(images, rows), without.stages()[0])
    assert set(step.terms) == {"distillation"}


def test_it_may_learn_from_a_part_of_the_images(words: PseudoWords, images: Tensor) -> None:
    searle = method(words, images=3)
    inverted: list[Tensor] = []
    searle.inversion.register_forward_hook(lambda module, args, out: inverted.append(args[0]))
    for rows in (torch.tensor([0, 1]), torch.tensor([2, 3])):
        (step,) = searle.training_steps(batch_of(images, rows), searle.stages()[0])
        assert torch.isfinite(step.total())
    (seen,) = inverted  # once, for all steps
    assert len(seen) == 3


def test_without_the_network_the_reference_itself_is_inverted(words: PseudoWords, images: Tensor) -> None:
    searle = method(words, ablation="inversion").eval()
    assert searle.stages() == ()
    text = Features(torch.zeros(6, WIDTH), texts=("is red",) * 6)
    with torch.inference_mode():
        query = searle.composer.compose(Features(images), text).main
    expected = words.read("a photo of $ that {text}", ["is red"] * 6, inversion(words)(images)).need_pooled()
    torch.testing.assert_close(query, expected)


def test_words_are_scaled(words: PseudoWords, images: Tensor) -> None:
    one, ten = (method(words, word_scale=scale).composer.mapping(images) for scale in (1.0, 10.0))
    torch.testing.assert_close(ten, 10 * one)


def test_a_published_file_is_evaluated_as_it_is(tmp_path: Path, on_toy: Any) -> None:
    """``{"epoch": …, "Phi": state dict}``, for the widths of `tiny`."""
    shapes = {"layers.0": (512, 128), "layers.3": (512, 512), "layers.6": (96, 512)}
    phi = {f"{name}.weight": torch.randn(*shape) / shape[1] ** 0.5 for name, shape in shapes.items()}
    phi |= {f"{name}.bias": torch.randn(shape[0]) for name, shape in shapes.items()}
    torch.save({"epoch": 3, "Phi": phi}, tmp_path / "SEARLE.pt")
    toy = on_toy("-e", "tiny")
    code, said = toy("run", "-m", "searle", "--weights", f"searle={tmp_path / 'SEARLE.pt'}")
    assert code == 0, said
    assert (toy.record().weights.entry, toy.record().history) == ("Phi", ())
    out = toy("run", "-m", "searle", "--weights", f"searle={tmp_path / 'SEARLE.pt'}", "--set", "ablation=inversion")
    assert out[0] == 1
    assert "Traceback" not in out[1]
