"""Evaluation cannot reach the teacher: it has the composer alone, and the composer is never given a target."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from cir_bench import BuildContext, EncoderShape, Features
from cir_bench.inference.rank import rank
from cir_bench.protocols.eval_set import EvalPart, EvalQuery, EvalSet, Truth
from cir_bench_tgcir.composer import TgcirComposer
from cir_bench_tgcir.params import TgcirComposerParams

IDS = tuple(f"image{n}" for n in range(12))
TEXTS = ("longer", "with dots", "red", "no sleeves", "shorter")


class Source:
    """Random features of images by id and of texts; token sequences of different lengths."""

    def __init__(self, shape: EncoderShape) -> None:
        generator = torch.Generator().manual_seed(0)

        def draw(count: int, pooled: int, tokens: int) -> Features:
            mask = torch.arange(4) < torch.arange(count)[:, None] % 4 + 1
            drawn = (torch.randn(count, *size, generator=generator).double() for size in ((pooled,), (4, tokens)))
            return Features(*drawn, mask)

        self._images = draw(len(IDS), shape.image.width, shape.image.tokens or 0)
        self._texts = draw(len(TEXTS), shape.text.width, shape.text.tokens or 0)

    def images(self, ids: Sequence[str], *, train: bool = False) -> Features:
        return self._images[[IDS.index(one) for one in ids]]

    def texts(self, texts: Sequence[str]) -> Features:
        return self._texts[[TEXTS.index(one) for one in texts]]


@pytest.fixture
def ranked(small_shape):
    """The rankings of five queries over twelve images by a composer, as the harness makes them."""
    queries = tuple(EvalQuery(f"q{n}", IDS[n], (text,)) for n, text in enumerate(TEXTS))
    truth = {query.id: Truth(targets=(IDS[6 + n],), excluded=(query.reference,)) for n, query in enumerate(queries)}
    evaluation = EvalSet({"": EvalPart(queries, IDS, truth)})

    def run(composer) -> list[tuple[str, ...]]:
        found = rank(composer, Source(small_shape), evaluation, subset=False, device=torch.device("cpu"))
        return list(found.parts[""].gallery.top_ids)

    return run


def trained(make_tgcir, random_batch):
    method = make_tgcir()
    optimiser = torch.optim.Adam(method.parameters(), lr=1e-2)
    for seed in range(3):
        (step,) = method.training_steps(random_batch(seed), method.stages()[0])
        optimiser.zero_grad()
        step.total().backward()
        optimiser.step()
    return method.eval()


def test_without_the_teacher_s_modules_rankings_are_the_same(make_tgcir, random_batch, ranked) -> None:
    method = trained(make_tgcir, random_batch)
    before = ranked(method.composer)
    del method.teacher
    del method.rank
    assert ranked(method.composer) == before
    assert len({row[0] for row in before}) > 1


def test_the_composer_s_weights_alone_give_the_same_rankings(make_tgcir, random_batch, ranked, small_shape) -> None:
    """A student made where no teacher ever was, such as by a method that asks for the composer by name."""
    method = trained(make_tgcir, random_batch)
    student = (
        TgcirComposer(TgcirComposerParams(width=4, local_attributes=4, global_attributes=3), BuildContext(small_shape))
        .double()
        .eval()
    )
    student.load_state_dict(method.composer.state_dict())
    assert ranked(student) == ranked(method.composer)
    assert ranked(
        TgcirComposer(TgcirComposerParams(width=4, local_attributes=4), BuildContext(small_shape)).double().eval()
    ) != ranked(student)


def test_the_composer_holds_nothing_of_the_teacher(make_tgcir) -> None:
    method = make_tgcir()
    of_composer = {id(module) for module in method.composer.modules()}
    assert of_composer.isdisjoint(id(module) for module in method.teacher.modules())
    of_composer = {id(parameter) for parameter in method.composer.parameters()}
    assert of_composer.isdisjoint(id(parameter) for parameter in method.teacher.parameters())
    assert sum(1 for _ in method.teacher.parameters()) == 8
