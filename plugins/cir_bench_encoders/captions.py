"""`Captions`: an image is its caption, and captions and texts go through one sentence-transformers model. No pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from cir_bench import Context, DataError, Encoder, EncoderShape, FeatureLevel, Features, FeatureShape, ImageRef
from cir_bench.utils import recompute_blocks
from cir_bench_encoders.caption_files import load_captions
from cir_bench_encoders.captions_params import CaptionsParams
from cir_bench_encoders.sentences import SentenceModel, width_of


class Captions(Encoder):
    """Pixel-free: runs real annotations when the images are gone. Numbers are about captions, not about pixels.

    The caption of an image is looked up in the caption files, then asked of the data set (its side text).

    Levels:
        pooled: the model's sentence embedding, with the L2 norm that the model ends with, if it does.
        tokens: the transformer's last hidden states, start and separator tokens included.
    """

    version = "1"

    def __init__(self, params: CaptionsParams, context: Context) -> None:
        super().__init__()
        self._params = params
        self._captions, self._from = load_captions(params.path, context)
        self.model = SentenceModel(params.model, params.normalise)
        pooled, tokens = width_of(self.model.eval())
        shape = FeatureShape(pooled=pooled, tokens=tokens)
        self.shape = EncoderShape(image=shape, text=shape)

    def has(self, image: ImageRef) -> bool:
        """Whether the image has a caption; its file need not exist."""
        return self._caption(image) is not None

    def image_digest(self, image: ImageRef) -> str:
        """Digest of the caption: the same caption is encoded once, a changed one anew."""
        return sha256(self.image_item(image).encode()).hexdigest()

    def image_item(self, image: ImageRef, *, train: bool = False) -> str:
        """The caption; `DataError` if there is none."""
        caption = self._caption(image)
        if caption is None:
            raise DataError(
                f"image {image.id!r} of {image.dataset_name} has no caption in {self._from}; "
                "give a JSON file {image id: caption} by --set encoder.path=FILE."
            )
        return caption

    def encode_images(self, items: Sequence[Any], levels: frozenset[FeatureLevel]) -> Features:
        """Features of B captions."""
        return self.encode_texts(items, levels)

    def encode_texts(self, texts: Sequence[str], levels: frozenset[FeatureLevel]) -> Features:
        """Features of B texts; words beyond the model's maximal length are cut."""
        pooled, tokens, mask = self.model(texts)
        return Features(pooled, tokens, mask) if FeatureLevel.TOKENS in levels else Features(pooled)

    def cut_texts(self, texts: Sequence[str]) -> Sequence[str]:
        """Those that are longer than the model's maximal length (256 tokens of MiniLM)."""
        return self.model.cut(texts)

    def cut_images(self, images: Sequence[ImageRef]) -> Sequence[str]:
        """Ids of the images whose captions are longer."""
        captions = {image.id: self.image_item(image) for image in images}
        cut = set(self.model.cut(list(dict.fromkeys(captions.values()))))
        return [image for image, caption in captions.items() if caption in cut]

    def set_gradient_checkpointing(self, on: bool) -> None:
        """Of the model's transformer layers."""
        recompute_blocks(self.model, on)

    @property
    def preprocess(self) -> str:
        """The model's name and whether its vectors are L2-normed; the weights themselves have their digest."""
        return (
            f"captions by {self._params.model}, {'as the model gives them' if self._params.normalise else 'not normed'}"
        )

    def facts(self) -> Mapping[str, str]:
        """Where captions and weights were found."""
        return {"captions": self._from, "weights": self.model.source}

    def _caption(self, image: ImageRef) -> str | None:
        caption = self._captions.get(image.id)
        return image.dataset.side_text(image.id) if caption is None else caption
