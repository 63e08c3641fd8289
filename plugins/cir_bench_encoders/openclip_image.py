"""Image preprocessing of ``openclip``: the model's own resize and crop, after CLIP4Cir's padding if it is set."""

from __future__ import annotations

from typing import Any

from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image, ImageOps
from torch import Tensor
from torch.nn.functional import pad
from torchvision.transforms import CenterCrop, Resize
from torchvision.transforms.functional import pil_to_tensor

from cir_bench import ConfigError
from cir_bench_encoders.openclip_params import OpenClipParams
from cir_bench_encoders.pixels import Normalise


def target_pad(image: Image.Image, ratio: float) -> Image.Image:
    """Pad the shorter side with black until the sides' ratio is at most ``ratio`` (CLIP4Cir's target-pad, 1.25)."""
    across, down = _margins(*image.size, ratio)
    return ImageOps.expand(image, (across, down, across, down), fill=0) if across or down else image


def _margins(width: int, height: int, ratio: float) -> tuple[int, int]:
    """What is added on the left and on the right, and above and below."""
    wanted = int(max(width, height) / ratio)
    return max((wanted - width) // 2, 0), max((wanted - height) // 2, 0)


class ClipPreprocess:
    """PIL image → ``[3, H, W]`` uint8, resized and cropped as the model wants it.

    Args:
        settings: the model's own preprocessing.
        params: the encoder's parameters.
        quick_gelu: whether ``words`` name QuickGELU, because neither the model's name nor its tag implies it.
    """

    def __init__(self, settings: dict[str, Any], params: OpenClipParams, quick_gelu: bool) -> None:
        config = PreprocessCfg(**settings)
        geometry = image_transform_v2(config, is_train=False).transforms
        self._resize_and_crop = geometry[:-3]  # the last three: to RGB, to tensor, normalise
        self._pad = params.pad_ratio if params.preprocess == "target-pad" else None
        self.normalise = Normalise(config.mean, config.std)
        self.words = (
            f"{params.model}{' quick-gelu' if quick_gelu else ''} {config.size} px {config.resize_mode} "
            f"{config.interpolation} mean {tuple(config.mean)} std {tuple(config.std)}"
            f"{f' target-pad {self._pad}' if self._pad else ''}"
        )

    def __call__(self, image: Image.Image) -> Tensor:
        """``[3, H, W]`` uint8."""
        pixels = image.convert("RGB")
        if self._pad:
            pixels = target_pad(pixels, self._pad)
        for step in self._resize_and_crop:
            pixels = step(pixels)
        item: Tensor = pil_to_tensor(pixels)
        return item

    def of_pixels(self, pixels: Tensor) -> Tensor:
        """As a call, of ``[3, H, W]`` uint8 wherever it is; resizing rounds otherwise.

        Raises:
            ConfigError: the model resizes or pads images in a way of its own.
        """
        own = [step for step in self._resize_and_crop if not isinstance(step, (Resize, CenterCrop))]
        if own:
            raise ConfigError(f"its {type(own[0]).__name__} takes images of Pillow")
        if self._pad:
            across, down = _margins(pixels.shape[2], pixels.shape[1], self._pad)
            pixels = pad(pixels, (across, across, down, down))
        for step in self._resize_and_crop:
            pixels = step(pixels)
        return pixels
