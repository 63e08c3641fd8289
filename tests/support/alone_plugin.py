"""A plugin in one file: methods that learn from images or texts alone, and toys without training triplets."""

from pathlib import Path

import torch
from torch import nn

import cir_bench as cb

CIR_BENCH_API = 1


class AloneParams(cb.MethodParams):
    corpus: str | None = None
    training: cb.Training = cb.Training(epochs=2, batch_size=4)
    selection: cb.Selection = cb.Selection(on="last")


class Sums(cb.Composer):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))

    def compose(self, reference, text):
        return cb.Embedding.single(reference.need_pooled() * self.weight + text.need_pooled())


class Alone(cb.Method):
    """Its loss terms say what the batches had."""

    def __init__(self, params, context):
        super().__init__(params)
        self.composer = Sums()

    def training_steps(self, batch, stage):
        count = {
            "images": len(batch.reference),
            "texts": len(batch.text),
            "letters": sum(map(len, batch.text.need_texts())),
        }
        terms = {name: torch.tensor(float(value)) for name, value in count.items()}
        yield cb.TrainStep({"loss": self.composer.weight.square(), **terms})


class NoTrain(cb.Dataset):
    """One image, and no triplets to train on."""

    def __init__(self, params, context):
        pass

    def train(self):
        raise AssertionError("nobody may read the triplets of an evaluation set")

    def queries(self, split):
        return [cb.Query("q", "000", ("a 1",), ("100",))]

    def gallery(self, split, part=""):
        return ["000", "100", "200"]

    def open(self, image_id):
        from PIL import Image

        return Image.new("RGB", (3, 1), (int(image_id[0]) * 50,) * 3)

    def has(self, image_id):
        return True

    def digest(self, image_id):
        return f"evaluated-{image_id}"


@cb.hookimpl
def cir_bench_datasets():
    yield cb.DatasetSpec(
        name="evaluated", summary="no triplets", implementation=f"{__name__}:NoTrain", needs_root=False, trains=False
    )


def needs(images):
    def of(params):
        return cb.Needs(triplets=False, images=images, texts=not images, corpus=params.corpus)

    return of


@cb.hookimpl
def cir_bench_methods():
    for name, images in {"from-images": True, "from-texts": False}.items():
        yield cb.MethodSpec(
            name=name,
            summary="for tests",
            implementation=f"{__name__}:Alone",
            params=AloneParams,
            needs=needs(images),
        )


@cb.hookimpl
def cir_bench_benchmarks():
    return [Path(__file__).with_name("evaluated.yaml")]
