"""The trainer does what the settings of a stage say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
import torch
from torch import nn

from cir_bench.errors import RunError
from cir_bench.interfaces.composer import Composer
from cir_bench.interfaces.dataset import Triplet
from cir_bench.interfaces.embedding import Embedding
from cir_bench.interfaces.events import EpochFinished, WorkProgress
from cir_bench.interfaces.features import Features
from cir_bench.interfaces.method import Method, Optimiser, ParameterGroup, TrainBatch, TrainStage, TrainStep
from cir_bench.params.models import MethodParams, Selection, Training
from cir_bench.training.batches import TrainSet
from cir_bench.training.state import EpochResult, TrainState

WIDTH = 8


class Linear(Composer):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.map = nn.Linear(2 * WIDTH, WIDTH)

    def compose(self, reference: Features, text: Features) -> Embedding:
        return Embedding.single(self.map(torch.cat([reference.need_pooled(), text.need_pooled()], dim=1)))


class Regression(Method):
    """Squared distance of composed query and target: its gradient is linear in the batch, which sums can check."""

    def __init__(self, training: Training) -> None:
        super().__init__(MethodParams(training=training))
        self.composer = Linear()
        self.batches: list[TrainBatch] = []

    def training_steps(self, batch: TrainBatch, stage: TrainStage) -> Iterator[TrainStep]:
        self.batches.append(batch)
        query = self.composer.compose(batch.reference, batch.text).main
        yield TrainStep({"distance": (query - batch.target.need_pooled()).pow(2).mean()})

    def weights(self) -> torch.Tensor:
        return nn.utils.parameters_to_vector(self.parameters()).detach().clone()


def test_it_learns_and_reports_each_epochs_mean_term(train) -> None:
    result = train(Regression(Training(epochs=30, batch_size=8, lr=0.05)))
    losses = [epoch.terms["distance"] for epoch in result.history]
    assert len(losses) == 30 and losses[-1] < 0.2 * losses[0]
    assert result.trained_parameters == 2 * WIDTH * WIDTH + WIDTH


class TwoTerms(Regression):
    """A second term three times the first, of weight 1/12: a quarter of its gradient, so a fifth of the sum."""

    weighted = 1 / 12
    constant = False

    def training_steps(self, batch: TrainBatch, stage: TrainStage) -> Iterator[TrainStep]:
        for step in super().training_steps(batch, stage):
            (term,) = step.terms.values()
            more = {"constant": torch.ones(())} if self.constant else {}
            yield TrainStep({**step.terms, "triple": 3 * term, **more}, {"triple": self.weighted})


def test_each_term_has_its_share_of_the_gradient_and_taking_it_changes_nothing(train, monkeypatch) -> None:
    method = TwoTerms(Training(epochs=2, batch_size=8))
    assert [epoch.shares for epoch in train(method).history] == 2 * [pytest.approx({"distance": 0.8, "triple": 0.2})]
    monkeypatch.setattr("cir_bench.training.shares.GradientShares.add", lambda self, step: None)
    without = TwoTerms(Training(epochs=2, batch_size=8))
    assert [epoch.shares for epoch in train(without, folder="without").history] == [{}, {}]
    assert torch.equal(method.weights(), without.weights())


def test_a_term_without_weight_or_gradient_has_no_share_and_a_single_term_none(train) -> None:
    method = TwoTerms(Training(epochs=1, batch_size=8))
    method.weighted, method.constant = 0.0, True
    assert train(method).history[0].shares == {"distance": 1.0, "triple": 0.0, "constant": 0.0}
    assert train(Regression(Training(epochs=1, batch_size=8)), folder="single").history[0].shares == {}


def test_every_epoch_is_another_seeded_permutation_of_all_triplets(train) -> None:
    method = Regression(Training(epochs=2, batch_size=8))
    train(method)
    pooled = [torch.cat([b.target.need_pooled() for b in method.batches[at : at + 4]]) for at in (0, 4)]
    assert not torch.equal(*pooled)
    assert torch.equal(*(rows.sum(0) for rows in pooled))
    again = Regression(Training(epochs=2, batch_size=8))
    train(again, folder="again")
    assert torch.equal(again.weights(), method.weights())


def test_accumulating_two_batches_is_one_step_on_both(train) -> None:
    half = Regression(Training(epochs=1, batch_size=16, accumulate=2, optimiser="sgd", momentum=0.0, lr=0.1))
    whole = Regression(Training(epochs=1, batch_size=32, optimiser="sgd", momentum=0.0, lr=0.1))
    train(half, folder="half")
    train(whole, folder="whole")
    torch.testing.assert_close(half.weights(), whole.weights())


@pytest.mark.parametrize(
    ("training", "factors"),
    [
        (Training(epochs=3, batch_size=32), [1, 1, 1]),
        (Training(epochs=3, batch_size=32, schedule="step", milestones=(1, 2), gamma=0.5), [1, 0.5, 0.25]),
        (Training(epochs=2, batch_size=32, schedule="cosine"), [1, 0.5]),
        (Training(epochs=3, batch_size=32, warmup_steps=2), [0.5, 1, 1]),
    ],
)
def test_learning_rates_follow_the_schedule(train, monkeypatch, training: Training, factors: Sequence[float]) -> None:
    seen = []
    step = torch.optim.AdamW.step
    monkeypatch.setattr(
        torch.optim.AdamW, "step", lambda self: (seen.append(self.param_groups[0]["lr"]), step(self))[1]
    )
    train(Regression(training))
    assert seen == pytest.approx([training.lr * factor for factor in factors])


def test_the_weights_of_the_best_epoch_are_kept(train) -> None:
    method = Regression(Training(epochs=4, batch_size=8))
    seen: list[torch.Tensor] = []
    scores = iter([10.0, 30.0, 20.0, 30.0])  # a later equal score is not better

    def score() -> float:
        seen.append(method.weights())
        return next(scores)

    result = train(method, score=score)
    assert (result.best_epoch, result.best_score) == (2, 30.0)
    assert torch.equal(method.weights(), seen[1])


def test_without_a_choice_the_last_epoch_stays(train) -> None:
    result = train(Regression(Training(epochs=2, batch_size=8)))
    assert result.best_epoch is None and [epoch.selection for epoch in result.history] == [None, None]


def test_a_stage_may_go_without_a_choice(train) -> None:
    """Its last epoch is where the next stage starts; the next one's best is chosen among its own epochs."""

    class TwoStages(Regression):
        def stages(self) -> Sequence[TrainStage]:
            return (TrainStage("first", self.params.training, select=False), TrainStage("second", self.params.training))

    scores = iter([5.0, 9.0, 7.0])
    result = train(TwoStages(Training(epochs=3, batch_size=8)), score=lambda: next(scores))
    assert [(epoch.stage, epoch.selection) for epoch in result.history] == [
        *[("first", None)] * 3,
        *zip(["second"] * 3, [5.0, 9.0, 7.0], strict=True),
    ]
    assert (result.best_epoch, result.best_score) == (2, 9.0)


def test_a_stage_on_descriptions_sees_images_with_their_own_and_no_triplet(train) -> None:
    class OnDescriptions(Regression):
        def stages(self) -> Sequence[TrainStage]:
            return (
                TrainStage("words", self.params.training, descriptions=True),
                TrainStage("triplets", self.params.training),
            )

    pairs = TrainSet(
        [Triplet("3", ("+5",), "3"), Triplet("4", ("+6",), "4")], [("+5",), ("+6",)], {"3": "+5", "4": "+6"}
    )
    method = OnDescriptions(Training(epochs=1, batch_size=2))
    result = train(method, descriptions=lambda: pairs)
    (words,), triplets = method.batches[:1], method.batches[1:]
    assert torch.equal(words.reference.need_pooled(), words.target.need_pooled())
    assert words.described is not None and words.described.all()
    assert words.side_text is not None and torch.equal(words.text.need_pooled(), words.side_text.need_pooled())
    assert [epoch.stage for epoch in result.history] == ["words", "triplets"] and len(triplets) == 16


def test_a_single_example_is_refused_and_two_are_one_batch(train, train_set_of) -> None:
    class OnDescriptions(Regression):
        def stages(self) -> Sequence[TrainStage]:
            return (TrainStage("words", self.params.training, descriptions=True),)

    training = Training(epochs=1, batch_size=8)
    with pytest.raises(RunError, match=r"needs at least two examples, .* has 1 triplet; add some, or hold none out"):
        train(Regression(training), data=train_set_of(1))
    one = TrainSet([Triplet("3", ("+5",), "3")], [("+5",)], {"3": "+5"})
    with pytest.raises(
        RunError, match=r"'words' needs at least two .* and has 1 image with a description; add descriptions\."
    ):
        train(OnDescriptions(training), descriptions=lambda: one, folder="words")
    method = Regression(training)
    train(method, data=train_set_of(2), folder="two")
    assert [len(batch.same_target) for batch in method.batches] == [2]


def test_patience_stops_after_so_many_looks_without_a_better_score(train) -> None:
    scores = iter([3.0, 2.0, 1.0, 0.0])
    result = train(Regression(Training(epochs=9, batch_size=8, patience=2)), score=lambda: next(scores))
    assert len(result.history) == 3 and result.best_epoch == 1


def test_a_look_is_taken_every_so_many_epochs_and_at_the_end(train) -> None:
    result = train(Regression(Training(epochs=5, batch_size=8)), score=lambda: 1.0, selection=Selection(every=2))
    assert [epoch.selection is not None for epoch in result.history] == [False, True, False, True, True]


def test_averaged_weights_are_used_at_the_look_and_at_the_end(train) -> None:
    decay = 0.5
    training = Training(epochs=3, batch_size=32, optimiser="sgd", momentum=0.0, lr=0.1)
    plain = Regression(training)
    path = [plain.weights()]
    train(plain, score=lambda: path.append(plain.weights()) or 0.0, folder="plain")
    expected = path[0]
    for weights in path[1:]:
        expected = decay * expected + (1 - decay) * weights
    averaged = Regression(training.model_copy(update={"ema": decay}))
    looks: list[torch.Tensor] = []
    train(averaged, score=lambda: looks.append(averaged.weights()) or float(len(looks)), folder="averaged")
    torch.testing.assert_close(looks[-1], expected)
    torch.testing.assert_close(averaged.weights(), expected)


class Alternating(Regression):
    """Two networks, two optimisers, one step each per batch; the second step must see what the first one changed."""

    def __init__(self, training: Training) -> None:
        super().__init__(training)
        self.other = nn.Linear(WIDTH, WIDTH)
        self.changes: list[tuple[bool, bool]] = []

    def optimisers(self, stage: TrainStage, encoders: object) -> Sequence[Optimiser]:
        return (
            Optimiser("L", [ParameterGroup(list(self.composer.parameters()), 0.1)]),
            Optimiser("G", [ParameterGroup(list(self.other.parameters()), 0.01)]),
        )

    def training_steps(self, batch: TrainBatch, stage: TrainStage) -> Iterator[TrainStep]:
        def state() -> list[torch.Tensor]:
            return [self.composer.map.weight.detach().clone(), self.other.weight.detach().clone()]

        before = state()
        query = self.composer.compose(batch.reference, batch.text).main
        yield TrainStep({"local": (query - batch.target.need_pooled()).pow(2).mean()}, optimiser="L")
        between = state()
        self.changes.append(tuple(not torch.equal(a, b) for a, b in zip(before, between, strict=True)))
        mutual = (self.other(batch.target.need_pooled()) - query.detach()).pow(2).mean()
        yield TrainStep({"global": mutual, "extra": mutual}, weights={"extra": 0.0}, optimiser="G")
        after = state()
        self.changes.append(tuple(not torch.equal(a, b) for a, b in zip(between, after, strict=True)))


def test_several_optimisers_step_in_turn_within_one_batch(train) -> None:
    method = Alternating(Training(epochs=1, batch_size=16))
    result = train(method)
    assert method.changes == [(True, False), (False, True)] * 2
    assert set(result.history[0].terms) == {"local", "global", "extra"}


class Staged(Regression):
    """Two stages; the second is told that the encoder has changed."""

    def stages(self) -> Sequence[TrainStage]:
        training = self.params.training
        return (
            TrainStage("finetune", training.model_copy(update={"encoder": "train", "epochs": 1})),
            TrainStage("compose", training.model_copy(update={"encoder": "frozen"})),
        )


def test_stages_run_in_order_and_know_when_the_encoder_has_changed(train, sources) -> None:
    method = Staged(Training(epochs=2, batch_size=8))
    result = train(method, sources=sources)
    assert [(epoch.stage, epoch.epoch) for epoch in result.history] == [("finetune", 0), ("compose", 0), ("compose", 1)]
    assert sources.asked == [(True, True), (False, True)] and result.touched


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (lambda query: TrainStep({"a": query.sum()}, optimiser="nobody"), "step of the optimiser 'nobody'"),
        (lambda query: TrainStep({"a": query.detach().sum()}), "depends on nothing that is trained"),
        (lambda query: TrainStep({"a": query.sum() * float("inf")}), "'a' became"),
    ],
)
def test_a_recipe_that_cannot_work_is_told_so(train, step, message: str) -> None:
    class Wrong(Regression):
        def training_steps(self, batch: TrainBatch, stage: TrainStage) -> Iterator[TrainStep]:
            yield step(self.composer.compose(batch.reference, batch.text).main)

    with pytest.raises(RunError, match=message):
        train(Wrong(Training(epochs=1, batch_size=8)))


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_trains_too(train, precision: str) -> None:
    result = train(Regression(Training(epochs=20, batch_size=8, lr=0.05)), precision=precision)
    losses = [epoch.terms["distance"] for epoch in result.history]
    assert losses[-1] < 0.3 * losses[0]


def test_losses_are_scaled_in_float16_alone(train) -> None:
    """Gradients of 1e34 are finite, scaled by 65,536 they are not: the step is left out."""

    class Steep(Regression):
        def training_steps(self, batch: TrainBatch, stage: TrainStage) -> Iterator[TrainStep]:
            for step in super().training_steps(batch, stage):
                yield TrainStep({name: term * 1e34 for name, term in step.terms.items()})

    def moved(precision: str) -> bool:
        method = Steep(Training(epochs=1, batch_size=32, lr=1e-34, optimiser="sgd"))
        before = {name: tensor.clone() for name, tensor in method.state_dict().items()}
        train(method, precision=precision, folder=precision)
        return any(not torch.equal(before[name], tensor) for name, tensor in method.state_dict().items())

    assert moved("bfloat16")
    assert not moved("float16")


def test_a_scale_of_losses_is_resumed(train) -> None:
    """Halved once by an overflow, it is not what a new training starts with."""
    training = Training(epochs=4, batch_size=8, lr=0.05)
    whole = Regression(training)
    expected = train(whole, precision="float16", folder="whole")
    for epochs in (2, 4):
        parts = Regression(training.model_copy(update={"epochs": epochs}))
        result = train(parts, precision="float16", folder="parts")
    assert [epoch.terms for epoch in result.history] == [epoch.terms for epoch in expected.history]
    assert all(torch.equal(tensor, parts.state_dict()[name]) for name, tensor in whole.state_dict().items())


def test_a_state_comes_back_from_a_checkpoint() -> None:
    epoch = EpochResult("training", 0, {"a": 1.0}, None, 1.0, 2.0)
    state = TrainState(1, 3, [epoch], 2, 3, 40.0, 1, touched=True, trained_parameters=7)
    assert TrainState.from_checkpoint({**state.to_checkpoint(), "weights": {}}) == state


def test_epochs_and_batches_are_announced(train) -> None:
    heard: list[WorkProgress | EpochFinished] = []
    method = Regression(Training(epochs=2, batch_size=10))
    scores = iter([10.0, 20.0])
    result = train(method, score=lambda: next(scores), announce=heard.append)
    work = [event for event in heard if isinstance(event, WorkProgress)]
    assert [(event.detail, event.done, event.total) for event in work] == [
        *(("training 1/2", done, 120) for done in (0, 20, 40, 60)),
        *(("training 2/2", done, 120) for done in (60, 80, 100, 120)),
    ]
    finished = [event for event in heard if isinstance(event, EpochFinished)]
    assert [(event.epoch, event.epochs, event.selection) for event in finished] == [(1, 2, 10.0), (2, 2, 20.0)]
    assert [event.terms for event in finished] == [epoch.terms for epoch in result.history]
    assert heard[4] is finished[0] and heard[-1] is finished[1]
