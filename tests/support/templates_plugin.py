"""A plugin in one file: two captions and a concept for each query, and an encoder that notes what it reads."""

import json
from pathlib import Path

import torch
from PIL import Image
from torch import nn

import cir_bench as cb

CIR_BENCH_API = 1
WIDTH = 6


class Worded(cb.Dataset):
    """Four images, two queries."""

    def __init__(self, params, context):
        pass

    def train(self):
        return []

    def queries(self, split):
        first = cb.Query("q0", "0", ("is red", "costs $5"), ("1",), context={"concept": "a hat"})
        return [first, cb.Query("q1", "2", ("is old", "is {big}"), ("3",), context={"concept": "a $ note"})]

    def gallery(self, split, part=""):
        return ["0", "1", "2", "3"]

    def open(self, image_id):
        return Image.new("RGB", (2, 2), (int(image_id) * 60, 0, 0))

    def has(self, image_id):
        return True

    def digest(self, image_id):
        return f"worded-{image_id}"


def _numbers(texts):
    return torch.tensor([[len(text) + text.count(letter) ** 2 for letter in "abcdei"] for text in texts]).float()


class Noting(cb.Encoder):
    """Writes ``[template, caption]`` of every text with a pseudo-word into ``read.jsonl`` of the cache."""

    def __init__(self, params, context):
        super().__init__()
        self.weights = nn.Parameter(torch.randn(3, WIDTH, generator=torch.Generator().manual_seed(1)))
        self.shape = cb.EncoderShape(*(cb.FeatureShape(pooled=WIDTH) for _ in range(3)))
        self.file = Path(context.cache_dir) / "read.jsonl"

    @property
    def pseudo_word_width(self):
        return WIDTH

    def image_item(self, image, *, train=False):
        return torch.tensor([*image.open().getpixel((0, 0))[:2], 1.0])

    def encode_images(self, items, levels):
        return cb.Features(pooled=torch.stack(items) / 99 @ self.weights)

    def encode_texts(self, texts, levels):
        return cb.Features(pooled=_numbers(texts))

    def encode_pairs(self, items, texts, levels):
        return cb.Features(pooled=self.encode_images(items, levels).pooled * _numbers(texts))

    def encode_texts_with(self, template, captions, vectors):
        with self.file.open("a") as file:
            file.writelines(json.dumps([template, caption]) + "\n" for caption in captions)
        return cb.Features(pooled=vectors + _numbers(captions) + len(template))


class Word(cb.PseudoWordComposer):
    """The word of an image is its feature."""

    def __init__(self, params, context):
        super().__init__(nn.Identity(), context.pseudo_words)


class WordParams(cb.MethodParams):
    template: str = "a photo of $ , {text}"


@cb.hookimpl
def cir_bench_datasets():
    yield cb.DatasetSpec(name="worded", summary="s", implementation=Worded, needs_root=False, trains=False)


@cb.hookimpl
def cir_bench_encoders():
    provides = cb.Provides(pseudo_words=True, joint=cb.levels("pooled"))
    yield cb.EncoderSpec(name="noting", summary="s", implementation=Noting, provides=provides)


@cb.hookimpl
def cir_bench_methods():
    yield cb.MethodSpec(
        name="word",
        summary="s",
        implementation=Word,
        loss={},
        params=WordParams,
        needs=lambda params: cb.Needs(text=cb.levels(), pseudo_words=True, template=params.template),
        learns=False,
    )


@cb.hookimpl
def cir_bench_benchmarks():
    return [Path(__file__).with_name("worded.yaml")]
