"""The trainer hands a stage's settings to the encoders that it trains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
import torch
from torch import Tensor, nn

from cir_bench.errors import ConfigError
from cir_bench.interfaces.composer import Composer
from cir_bench.interfaces.embedding import Embedding
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.features import EncoderShape, Features, FeatureShape
from cir_bench.interfaces.method import Method, TrainBatch, TrainStage, TrainStep
from cir_bench.params.models import MethodParams, Training
from cir_bench.utils.checkpointing import recompute_blocks

WIDTH = 8


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear, self.norm = nn.Linear(WIDTH, WIDTH), nn.BatchNorm1d(WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.norm(self.linear(x)).tanh()


class OneBlock(Encoder):
    """A residual block with batch norm; notes its mode at every pass, and how often the block is computed."""

    shape = EncoderShape(FeatureShape(pooled=WIDTH), FeatureShape(pooled=WIDTH))

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.blocks = nn.Sequential(Block())
        self.modes: list[bool] = []
        self.computed: list[bool] = []
        self.norm.register_forward_hook(lambda *_: self.computed.append(torch.is_grad_enabled()))

    def image_item(self, image, *, train=False):
        return image

    def encode_images(self, items, levels):
        self.modes.append(self.training)
        return Features(pooled=self.blocks(torch.stack(list(items))))

    def encode_texts(self, texts, levels):
        return Features(pooled=torch.stack([torch.eye(WIDTH)[int(text[1:])] for text in texts]))

    @property
    def norm(self) -> nn.BatchNorm1d:
        return self.blocks[0].norm

    def weights(self) -> Tensor:
        return nn.utils.parameters_to_vector(self.parameters()).detach().clone()


class Recomputing(OneBlock):
    """It also notes what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[bool] = []

    def set_gradient_checkpointing(self, on: bool) -> None:
        self.told.append(on)
        recompute_blocks(self, on)


class Sum(Composer):
    def compose(self, reference: Features, text: Features) -> Embedding:
        return Embedding.single(reference.need_pooled() + text.need_pooled())


class Distance(Method):
    """Trains only the encoder, in the stages it is given."""

    def __init__(self, *stages: Training) -> None:
        super().__init__(MethodParams(training=stages[0]))
        self.composer = Sum()
        self.linear = nn.Linear(WIDTH, WIDTH)  # something to train while the encoder is frozen
        self.trainings = stages

    def stages(self) -> Sequence[TrainStage]:
        return tuple(TrainStage(f"stage {place}", training) for place, training in enumerate(self.trainings))

    def training_steps(self, batch: TrainBatch, stage: TrainStage) -> Iterator[TrainStep]:
        query = self.linear(self.composer.compose(batch.reference, batch.text).main)
        yield TrainStep({"distance": (query - batch.target.need_pooled()).pow(2).mean()})


class Live:
    """Features of the encoder as it is; the image ``i-j`` is e_i + e_j."""

    def __init__(self, encoder: OneBlock) -> None:
        self.encoder = encoder

    def for_stage(self, trains_encoder: bool, encoders_changed: bool) -> Live:
        return self

    def images(self, ids: Sequence[str]) -> Features:
        items = [sum(torch.eye(WIDTH)[int(number)] for number in name.split("-")) for name in ids]
        return self.encoder.encode_images(items, frozenset())

    def train_images(self, batches: Sequence[Sequence[str]], seeds: Sequence[int]) -> Iterator[Features]:
        return map(self.images, batches)

    def texts(self, texts: Sequence[str]) -> Features:
        return self.encoder.encode_texts(texts, frozenset())


TRAINING = Training(epochs=2, batch_size=16, encoder="train", lr=0.01)


@pytest.fixture
def train_encoder(train):
    """``train_encoder(encoder, *stages)`` trains it on 32 triplets: two batches an epoch."""

    def run(encoder: OneBlock, *stages: Training, score=None, folder: str = "checkpoints") -> None:
        torch.manual_seed(3)
        train(Distance(*stages), encoders={"main": encoder}, sources=Live(encoder), score=score, folder=folder)

    return run


@pytest.mark.parametrize("encoder_eval", [False, True])
def test_encoder_eval_trains_the_encoder_in_evaluation_mode(train_encoder, encoder_eval: bool) -> None:
    """Weights move in either mode; batch norm's statistics only without ``encoder_eval``."""
    encoder = OneBlock()
    before = encoder.weights()

    def score() -> float:  # a look puts everything into evaluation mode; the next epoch must not stay in it
        assert not encoder.training
        return 0.0

    train_encoder(encoder, TRAINING.model_copy(update={"encoder_eval": encoder_eval}), score=score)
    assert encoder.modes == [not encoder_eval] * 4
    assert not torch.equal(encoder.weights(), before)
    moved = not torch.equal(encoder.norm.running_mean, torch.zeros(WIDTH))
    assert moved == (not encoder_eval)


def test_gradient_checkpointing_recomputes_and_trains_the_same(train_encoder) -> None:
    plain, saving = Recomputing(), Recomputing()
    train_encoder(plain, TRAINING, folder="plain")
    train_encoder(saving, TRAINING.model_copy(update={"gradient_checkpointing": True}), folder="saving")
    assert (len(plain.computed), len(saving.computed)) == (4, 8)
    state = saving.state_dict()
    for name, tensor in plain.state_dict().items():
        torch.testing.assert_close(state[name], tensor, rtol=0, atol=1e-7)


def test_only_the_stages_that_train_the_encoder_recompute_and_it_is_off_in_the_end(train_encoder) -> None:
    encoder = Recomputing()
    on = TRAINING.model_copy(update={"gradient_checkpointing": True})
    train_encoder(encoder, TRAINING, on, on.model_copy(update={"encoder": "frozen"}))
    assert encoder.told == [False, True, False, False]


def test_an_encoder_that_cannot_is_refused_before_the_first_batch(train_encoder) -> None:
    encoder = OneBlock()
    with pytest.raises(
        ConfigError, match=r"^the encoder OneBlock cannot .* again .*; set gradient_checkpointing=false"
    ):
        train_encoder(encoder, TRAINING.model_copy(update={"gradient_checkpointing": True}))
    assert encoder.modes == []
    train_encoder(encoder, TRAINING)  # without it, nothing is asked of the encoder
