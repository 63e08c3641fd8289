"""`CnnLstm`: a CNN for images and an LSTM over words, the encoder of TIRG, VAL and CLVC-Net."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.transforms import InterpolationMode
from torchvision.transforms import v2 as transforms
from torchvision.transforms.functional import pil_to_tensor

from cir_bench import (
    ConfigError,
    Context,
    Encoder,
    EncoderShape,
    FeatureLevel,
    Features,
    FeatureShape,
    ImageRef,
    TrainCorpus,
)
from cir_bench.utils import recompute_blocks, state_digest
from cir_bench_encoders.cnn_lstm_params import SQUASH, CnnLstmParams
from cir_bench_encoders.pixels import Normalise
from cir_bench_encoders.timm_cnn import make_backbone
from cir_bench_encoders.vocabulary import Vocabulary
from cir_bench_encoders.word_lstm import WordLstm


class CnnLstm(Encoder):
    """A timm CNN and an LSTM with the train split's vocabulary; useless before training.

    Levels:
        pooled: image: global average of the last map → Linear; text: LSTM state (last or maximum) → dropout → Linear.
        tokens: of texts, every hidden state of the LSTM.
        maps: the CNN's last three stages.
    """

    version = "1"

    def __init__(self, params: CnnLstmParams, context: Context) -> None:
        super().__init__()
        self._params = params
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(context.seed)
            backbone = make_backbone(params)
            self.cnn = backbone.cnn
            self.image_linear = nn.Linear(backbone.maps[-1][0], params.width)
            self.text = WordLstm(params, context.seed)
        self.normalise = Normalise(backbone.mean, backbone.std)
        self.augments = params.flip or params.crop < 1
        self._prepare = _evaluation_geometry(params)
        self._augment = _training_geometry(params)
        self.shape = EncoderShape(
            FeatureShape(pooled=params.width, maps=backbone.maps),
            FeatureShape(pooled=params.width, tokens=params.lstm_width),
        )

    def fit(self, corpus: TrainCorpus) -> None:
        """Take the vocabulary of the train split's texts."""
        self.text.use(Vocabulary.of(corpus.texts, self._params.min_count, joined=self._joined))

    def extra_state(self) -> Mapping[str, Any]:
        """The vocabulary."""
        return {"words": list(self.text.vocabulary.words)}

    def load_extra_state(self, state: Mapping[str, Any]) -> None:
        """Take the vocabulary back; the word vectors come with the state dict."""
        self.text.use(Vocabulary(state["words"], joined=self._joined))

    @property
    def preprocess(self) -> str:
        """Everything but the weights that decides the features."""
        p = self._params
        stride = ", last stride 1" if p.last_stride == 1 else ""
        stride += ", layer3 stride 1" if p.layer3_stride == 1 else ""
        square = "squashed" if p.resize == SQUASH else "centre crop"
        image = f"{p.backbone}{stride} {p.pixels} px {square}, mean {self._mean}"
        words = "words without punctuation" if self._joined else "words"
        return f"{image}, lower-case {words}, {p.text_pooling} state{', batch norm' if p.text_norm else ''}"

    def weights_digest(self) -> str:
        """Digest of the weights and of the vocabulary."""
        words = json.dumps(self.extra_state(), sort_keys=True)
        return hashlib.sha256((state_digest(self) + words).encode()).hexdigest()

    def parameter_groups(self) -> dict[str, list[nn.Parameter]]:
        """The CNN, as ``backbone`` when it is pretrained, and the rest."""
        cnn = list(self.cnn.parameters())
        rest = [*self.image_linear.parameters(), *self.text.parameters()]
        return {"backbone" if self._params.pretrained else "cnn": cnn, "head": rest}

    def set_gradient_checkpointing(self, on: bool) -> None:
        """Of the CNN's residual blocks; stem and LSTM keep what little they compute."""
        if not recompute_blocks(self.cnn, on) and on:
            raise ConfigError(
                f"the backbone {self._params.backbone!r} of cnn-lstm has no blocks to compute again in the backward "
                "pass; leave out gradient_checkpointing."
            )

    def image_item(self, image: ImageRef, *, train: bool = False) -> Tensor:
        """``[3, S, S]`` uint8."""
        geometry = self._augment if train and self.augments else self._prepare
        item: Tensor = pil_to_tensor(geometry(image.open().convert("RGB")))
        return item

    def encode_images(self, items: Sequence[Any], levels: frozenset[FeatureLevel]) -> Features:
        """Features of B images ``[3, S, S]`` uint8."""
        maps = tuple(self.cnn(self.normalise(torch.stack(list(items))))[-3:])
        pooled = self.image_linear(maps[-1].mean(dim=(2, 3)))
        return Features(pooled=pooled, maps=maps if FeatureLevel.MAPS in levels else ())

    def encode_texts(self, texts: Sequence[str], levels: frozenset[FeatureLevel]) -> Features:
        """Features of B texts."""
        pooled, states, mask = self.text(texts)
        return Features(pooled, states, mask) if FeatureLevel.TOKENS in levels else Features(pooled)

    @property
    def _joined(self) -> bool:
        return self._params.punctuation == "removed"

    @property
    def _mean(self) -> tuple[float, ...]:
        return tuple(round(value, 4) for value in self.normalise.mean.flatten().tolist())


def _evaluation_geometry(params: CnnLstmParams) -> transforms.Transform:
    return transforms.Compose([_resize(params, params.pixels), transforms.CenterCrop(params.pixels)])


def _training_geometry(params: CnnLstmParams) -> transforms.Transform:
    steps = [RandomCrop(params)] if params.crop < 1 else [_evaluation_geometry(params)]
    if params.flip:
        steps.append(transforms.RandomHorizontalFlip())
    return transforms.Compose(steps)


def _resize(params: CnnLstmParams, size: int) -> transforms.Transform:
    """The shorter side to ``size``, or both."""
    return transforms.Resize((size, size) if params.resize == SQUASH else size, InterpolationMode.BICUBIC)


class RandomCrop(nn.Module):
    """A square from anywhere on the image after resizing it to a random size (VAL's released code: 256 to 279 px)."""

    def __init__(self, params: CnnLstmParams) -> None:
        super().__init__()
        self._params, self._largest = params, int(params.pixels / params.crop**0.5)

    def forward(self, image: Any) -> Any:
        """An image of ``pixels`` a side."""
        size = int(torch.randint(self._params.pixels, self._largest + 1, ()))
        return transforms.RandomCrop(self._params.pixels)(_resize(self._params, size)(image))
