"""Parameters of the encoder ``cnn-lstm``, and what it provides. Imports no torch."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, model_validator

from cir_bench import AddedLater, Params, Provides, levels

SMALL = "small"
"""Our own size of timm's ResNet-10-T."""

SQUASH: Final = "squash"

Size = Annotated[int, Field(ge=1)]


class CnnLstmParams(Params):
    """``cnn-lstm`` or ``cnn-lstm:BACKBONE``.

    TIRG's widths; the default CNN is one that a laptop trains from pixels in minutes. The papers' are ``resnet18``
    (TIRG) and ``resnet50`` (VAL, CLVC-Net), with ``pretrained``.
    """

    argument: ClassVar[str | None] = "backbone"

    backbone: str = SMALL
    """A CNN of timm (``resnet50``, ``mobilenetv2_100``), or ``small``: a narrow ResNet-10 for images of 48 to 64 px."""
    pretrained: bool = False
    """ImageNet weights of the backbone, from the hub."""
    image_size: Annotated[int, Field(ge=16)] | None = None
    """Side of the square that images are resized to, in pixels; by default 48 for ``small`` and 224 for the others."""
    last_stride: Literal[1, 2] = 2
    """Stride of the CNN's last stage. 1 leaves its maps as large as those of the stage before, with the same weights:
    2048×14×14 of a ``resnet50`` at 224 px (CLVC-Net's paper, which refers to MGN for it)."""
    layer3_stride: Annotated[Literal[1, 2], AddedLater()] = 2
    """Stride of a ResNet's third stage of four. With 1 the last maps of a ``resnet50`` have 2048×14×14, too, but are
    computed differently (CLVC-Net's released code)."""
    width: Size = 512
    """Of the pooled image and text features."""
    word_width: Size = 512
    """Of the word embedding."""
    lstm_width: Size = 512
    """Of the LSTM's states, which are the text tokens (TIRG 512; VAL, CLVC-Net 1024)."""
    text_pooling: Literal["last", "max"] = "last"
    """State at the last word (TIRG), or maximum over the words (VAL)."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Of the pooled text state, before its linear layer."""
    text_norm: Annotated[bool, AddedLater()] = False
    """Batch norm after the linear layer of the pooled text (VAL's released code)."""
    punctuation: Annotated[Literal["splits", "removed"], AddedLater()] = "splits"
    """What "v-neck" is: two words, as punctuation ``splits`` them, or "vneck", as it is ``removed`` (TIRG's released
    code)."""
    min_count: Size = 1
    """Words that occur less often in the train split's texts are unknown words."""
    flip: bool = False
    """Training augmentation: mirror half of the images."""
    crop: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Training augmentation: crop a square at random, of at least this part of the largest square; 1 is off."""
    resize: Annotated[Literal["crop", "squash"], AddedLater()] = "crop"
    """How an image becomes a square: ``crop`` from its middle (in training, from anywhere), or ``squash`` its sides to
    one length (VAL; in training before the random crop, so that nothing is cut off but by that)."""

    @property
    def pixels(self) -> int:
        """``image_size``, or its default for the backbone."""
        return self.image_size or (48 if self.backbone == SMALL else 224)

    @model_validator(mode="after")
    def _published(self) -> CnnLstmParams:
        if self.pretrained and self.backbone == SMALL:
            raise ValueError("the backbone small has no pretrained weights; name one of timm's, such as resnet18")
        return self


def provides(params: Any) -> Provides:
    """Everything; ``pretrained`` only where the backbone is (the LSTM never is)."""
    return Provides(
        image=levels("pooled", "maps"),
        text=levels("pooled", "tokens"),
        map_levels=3,
        pretrained=False,
    )
