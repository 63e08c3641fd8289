"""`TwoStageMethod`: which candidates the second stage learns from, and what each stage trains."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cir_bench import (
    Composer,
    Embedding,
    Features,
    Loss,
    Reranker,
    TrainBatch,
    TwoStageMethod,
    TwoStageParams,
    joint_score,
)
from cir_bench.errors import ConfigError, RunError

B = 6
GENERATOR = torch.Generator().manual_seed(0)
REFERENCE, TEXT, TARGET = (Features(pooled=torch.randn(B, 3, generator=GENERATOR)) for _ in range(3))


class Sum(Composer):
    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Linear(3, 3)

    def compose(self, reference: Features, text: Features) -> Embedding:
        return Embedding.single(self.mix(reference.need_pooled() + text.need_pooled()))


class Mean(Loss):
    def forward(self, query, target, same_target, score=joint_score):
        return score(query, target).mean()


class Watched(Reranker):
    """Keeps what it is asked for."""

    def __init__(self, k: int = 50) -> None:
        super().__init__(k)
        self.weight = nn.Parameter(torch.tensor(2.0))

    def rescore(self, reference: Features, text: Features, candidates: Features, first: Tensor) -> Tensor:
        self.candidates, self.first = candidates.need_pooled().view(*first.shape, -1), first
        return self.weight * first


def method(negatives: int = 2, losses: dict[str, Loss] | None = None) -> TwoStageMethod:
    torch.manual_seed(1)
    return TwoStageMethod(
        TwoStageParams(negatives=negatives), Sum(), {"mean": Mean()} if losses is None else losses, Watched()
    )


def batch(*copies: tuple[int, int]) -> TrainBatch:
    same = torch.eye(B).bool()
    for one, other in copies:
        same[one, other] = same[other, one] = True
    return TrainBatch(REFERENCE, TEXT, TARGET, same)


def second_step(made: TwoStageMethod, of: TrainBatch) -> Tensor:
    (step,) = made.training_steps(of, made.stages()[-1])
    return step.terms["rerank"]


def scores_of(made: TwoStageMethod) -> Tensor:
    with torch.no_grad():
        return made.composer.compose(REFERENCE, TEXT).score(made.composer.embed_target(TARGET))


def test_the_second_stage_learns_from_the_target_and_its_hardest_negatives() -> None:
    made = method()
    loss = second_step(made, batch((0, 3)))
    scores = scores_of(made)
    for row in range(B):
        others = [j for j in range(B) if j != row and {row, j} != {0, 3}]
        hardest = sorted(others, key=lambda j: -float(scores[row, j]))[:2]
        rows = [row, *hardest]
        torch.testing.assert_close(made.reranker.candidates[row], TARGET.need_pooled()[rows])
        torch.testing.assert_close(made.reranker.first[row], scores[row, rows])
    expected = F.cross_entropy(2 * made.reranker.first, torch.zeros(B, dtype=torch.int64))
    torch.testing.assert_close(loss, expected)


def test_copies_of_the_target_are_no_negatives_even_in_a_small_batch() -> None:
    made = method(negatives=50)
    loss = second_step(made, batch((0, 3)))
    logits = 2 * scores_of(made)
    logits[0, 3] = logits[3, 0] = -torch.inf
    torch.testing.assert_close(loss, F.cross_entropy(logits, torch.arange(B)))


def test_each_stage_trains_its_own_parameters() -> None:
    made = method()
    names = {id(parameter): name for name, parameter in made.named_parameters()}
    found = [
        {names[id(p)] for one in made.optimisers(stage, {}) for group in one.groups for p in group.parameters}
        for stage in made.stages()
    ]
    assert found == [{"composer.mix.weight", "composer.mix.bias"}, {"reranker.weight"}]


def test_no_gradient_of_the_second_stage_reaches_the_first() -> None:
    made = method()
    second_step(made, batch()).backward()
    assert made.reranker.weight.grad is not None
    assert all(parameter.grad is None for parameter in made.composer.parameters())


def test_a_checkpoint_of_the_first_stage_rescores_nothing() -> None:
    made, other = method(), method()
    list(made.training_steps(batch(), made.stages()[0]))
    other.load_state_dict(made.state_dict())
    assert not other.reranker.rescoring
    second_step(made, batch())
    other.load_state_dict(made.state_dict())
    assert other.reranker.rescoring


def test_without_losses_there_is_only_the_second_stage() -> None:
    assert [stage.name for stage in method(losses={}).stages()] == ["second"]


@pytest.mark.parametrize("training", [True, False])
def test_the_composer_is_in_evaluation_mode_while_it_finds_candidates(training: bool) -> None:
    seen = []

    class Noted(Sum):
        def compose(self, reference: Features, text: Features) -> Embedding:
            seen.append(self.training)
            return super().compose(reference, text)

    made = TwoStageMethod(TwoStageParams(), Noted(), {}, Watched()).train(training)
    second_step(made, batch())
    assert seen == [False]
    assert made.composer.training is training


def test_a_second_stage_that_is_no_reranker_or_has_another_k_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"Linear is not a Reranker; derive it from cir_bench\.Reranker"):
        TwoStageMethod(TwoStageParams(), Sum(), {}, nn.Linear(1, 1))  # type: ignore[arg-type]
    with pytest.raises(
        ConfigError, match=r"k=50 does not reach Watched, which has k=4; .* super\(\)\.__init__\(params\.k\)"
    ):
        TwoStageMethod(TwoStageParams(), Sum(), {}, Watched(4))


def test_scores_of_another_shape_are_refused_in_training() -> None:
    class Flat(Watched):
        def rescore(self, reference: Features, text: Features, candidates: Features, first: Tensor) -> Tensor:
            return super().rescore(reference, text, candidates, first).flatten()

    wrong = TwoStageMethod(TwoStageParams(negatives=2), Sum(), {}, Flat())
    with pytest.raises(RunError, match=r"scores \[18\] for 6 queries with 3 candidates each; return \[6, 3\]"):
        list(wrong.training_steps(batch(), wrong.stages()[0]))
