"""A plugin in one file: a method whose published weights can be read, for the toy benchmark."""

import torch
from torch import nn

import cir_bench as cb

CIR_BENCH_API = 1


class Linear(cb.Composer):
    """The query is the image plus a linear function of the text."""

    def __init__(self, params, context):
        super().__init__()
        width = context.shape.image.width
        self.layer = nn.Linear(width, width)

    def compose(self, reference, text):
        return cb.Embedding.single(reference.need_pooled() + self.layer(text.need_pooled()))


class Fails(Linear):
    """Its layout is wrong."""


def _fail(state):
    raise ZeroDivisionError("toy failure")


LAYOUT = cb.PublishedWeights(
    entry="Phi",
    names={"fc": "layer"},
    width=("fc.weight", 0),
    encoders={32: "toy-wide"},
    caution="chosen on the evaluation split",
)


def checkpoint(width=24, seed=0):
    """What the authors' training code saves."""
    torch.manual_seed(seed)
    layer = nn.Linear(width, width)
    return {"epoch": 7, "Phi": {"module.fc.weight": layer.weight.detach(), "module.fc.bias": layer.bias.detach()}}


@cb.hookimpl
def cir_bench_methods():
    shared = {"summary": "for tests", "loss": "batch-classification"}
    yield cb.MethodSpec(name="linear", implementation=f"{__name__}:Linear", published=LAYOUT, **shared)
    broken = cb.PublishedWeights(entry="Phi", convert=_fail)
    yield cb.MethodSpec(name="fails", implementation=f"{__name__}:Fails", published=broken, **shared)
