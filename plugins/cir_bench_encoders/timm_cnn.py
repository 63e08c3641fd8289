"""The CNN of ``cnn-lstm``: a timm backbone that gives its last three stages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import timm
import torch
from torch import Tensor, nn

from cir_bench import ConfigError, DataError
from cir_bench.utils import did_you_mean
from cir_bench_encoders.cnn_lstm_params import SMALL, CnnLstmParams


@dataclass(frozen=True)
class Backbone:
    """A CNN, the shapes (C, H, W) of its last three maps, and how its images are normalised."""

    cnn: nn.Module
    maps: tuple[tuple[int, int, int], ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __call__(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """The last three maps, shallow to deep."""
        return tuple(self.cnn(pixels)[-3:])


def make_backbone(params: CnnLstmParams) -> Backbone:
    """The backbone; weights drawn from torch's generator, or ImageNet's from the hub.

    Raises:
        ConfigError: timm has no such model, it has no three stages of maps, or its last stage's stride is fixed.
        DataError: ImageNet weights that are not here and cannot be downloaded.
    """
    options = {"output_stride": 16} if params.last_stride == 1 else {}
    cnn = _small(**options) if params.backbone == SMALL else _from_timm(params, **options)
    if options:
        _undilate(cnn)
    if params.layer3_stride == 1:
        _keep_size(cnn, params.backbone)
    with torch.no_grad():
        cnn.eval()
        maps = cnn(torch.zeros(1, 3, params.pixels, params.pixels))[-3:]
    if len(maps) < 3:
        raise ConfigError(
            f"the backbone {params.backbone!r} has only {len(maps)} stages of feature maps; 3 are needed."
        )
    shapes = tuple((m.shape[1], m.shape[2], m.shape[3]) for m in maps)
    config: dict[str, Any] = getattr(cnn, "pretrained_cfg", {})
    return Backbone(cnn, shapes, tuple(config.get("mean", (0.5,) * 3)), tuple(config.get("std", (0.5,) * 3)))


def _small(**options: Any) -> nn.Module:
    channels = (32, 64, 128, 256)
    model: nn.Module = timm.create_model("resnet10t", features_only=True, channels=channels, stem_width=16, **options)
    return model


def _from_timm(params: CnnLstmParams, **options: Any) -> nn.Module:
    name = params.backbone
    if not timm.is_model(name.split(".")[0]):
        raise ConfigError(f"timm has no model {name!r}; {did_you_mean(name, [SMALL, *timm.list_models()])}")
    try:
        model: nn.Module = timm.create_model(name, pretrained=False, features_only=True)
    except (RuntimeError, AttributeError, AssertionError, TypeError) as error:
        raise ConfigError(f"the backbone {name!r} gives no feature maps ({error}); choose a CNN of timm.") from error
    if options:
        try:
            model = timm.create_model(name, pretrained=False, features_only=True, **options)
        except (RuntimeError, AttributeError, AssertionError, TypeError) as error:
            raise ConfigError(
                f"the stride of the last stage of {name!r} is fixed in timm; leave out encoder.last_stride."
            ) from error
    if params.pretrained:
        try:
            model = timm.create_model(name, pretrained=True, features_only=True, **options)
        except Exception as error:  # the hub's clients raise their own kinds of errors, all meaning "not to be had"
            reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
            raise DataError(
                f"the ImageNet weights of {name} are not on this machine and cannot be downloaded ({reason}); "
                "with a network, timm puts them into the Hugging Face cache once; or leave out encoder.pretrained."
            ) from error
    return model


def _keep_size(cnn: nn.Module, name: str) -> None:
    """Take out the stride of a ResNet's third stage."""
    stage = list(getattr(cnn, "layer3", nn.Module()).modules())
    strided = [one for one in stage if isinstance(one, nn.Conv2d) and one.stride != (1, 1)]
    if not strided or any(isinstance(one, nn.AvgPool2d) for one in stage):  # a pooling cannot keep the size
        raise ConfigError(
            f"the backbone {name!r} has no stage layer3 with strided convolutions alone, as resnet50 has; "
            "leave out encoder.layer3_stride."
        )
    for one in strided:
        one.stride = (1, 1)


def _undilate(cnn: nn.Module) -> None:
    """Take out the dilation by which timm makes up for the stride: CLVC-Net, as MGN before it, takes out the stride."""
    for module in cnn.modules():
        if isinstance(module, nn.Conv2d) and module.dilation != (1, 1):
            assert not isinstance(module.padding, str)  # timm pads by numbers
            module.padding = (module.padding[0] // module.dilation[0], module.padding[1] // module.dilation[1])
            module.dilation = (1, 1)
