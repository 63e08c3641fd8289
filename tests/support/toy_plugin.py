"""A plugin in one file: squares with three attributes, a frozen and a trainable encoder, and methods that misbehave."""

import itertools
import os
import time
from pathlib import Path

import torch
from PIL import Image
from torch import nn

import cir_bench as cb

CIR_BENCH_API = 1
LEVELS = 5


class ToyParams(cb.Params):
    missing: tuple[str, ...] = ()


class Toy(cb.Dataset):
    """Images ``abc``, three digits; the text ``b 3`` sets attribute b to 3. Test: digits that sum to 0 mod 3."""

    def __init__(self, params, context):
        self._missing = set(params.missing)
        names = ["".join(digits) for digits in itertools.product("01234", repeat=3)]
        self._split = {name: "test" if sum(map(int, name)) % 3 == 0 else "train" for name in names}

    def _edits(self, split):
        own = [name for name in self._split if self._split[name] == split]
        for name in own:
            for place, letter in enumerate("abc"):
                for value in "01234":
                    target = name[:place] + value + name[place + 1 :]
                    if value != name[place] and self._split[target] == split:
                        yield name, f"{letter} {value}", target

    def train(self):
        return [cb.Triplet(r, (t,), a) for r, t, a in self._edits("train")]

    def queries(self, split):
        edits = list(self._edits("train" if split == "train" else "test"))
        return [cb.Query(f"toy-{i}", r, (t,), (a,), tags=(t[0],)) for i, (r, t, a) in enumerate(edits)]

    def gallery(self, split, part=""):
        return [name for name in self._split if self._split[name] == split]

    def open(self, image_id):
        image = Image.new("RGB", (3, 1))
        for place, digit in enumerate(image_id):
            image.putpixel((place, 0), (int(digit) * 50,) * 3)
        return image

    def has(self, image_id):
        return image_id not in self._missing

    def digest(self, image_id):
        return f"toy-{image_id}"


def _one_hot(pixels):
    return torch.eye(LEVELS)[torch.as_tensor(pixels)].flatten()


class ToyEncoder(cb.Encoder):
    """Pooled features: one-hot attributes of the image, and of the word pair of the text, in random directions."""

    def __init__(self, params, context):
        super().__init__()
        generator = torch.Generator().manual_seed(5)
        width = 3 * LEVELS
        self.image_weights = nn.Parameter(torch.randn(width, 24, generator=generator))
        self.text_weights = nn.Parameter(torch.randn(width, 24, generator=generator))
        self.shape = cb.EncoderShape(cb.FeatureShape(pooled=24), cb.FeatureShape(pooled=24))

    def image_item(self, image, *, train=False):
        picture = image.open()
        return _one_hot([picture.getpixel((place, 0))[0] // 50 for place in range(3)])

    def item_of_pixels(self, pixels):
        return _one_hot([int(pixels[0, 0, place]) // 50 for place in range(3)])

    def encode_images(self, items, levels):
        return cb.Features(pooled=torch.stack(items) @ self.image_weights)

    def encode_texts(self, texts, levels):
        rows = torch.zeros(len(texts), 3 * LEVELS)
        for row, text in enumerate(texts):
            letter, digit = text.split()
            rows[row, "abc".index(letter) * LEVELS + int(digit)] = 1
        return cb.Features(pooled=rows @ self.text_weights)


class Breaks(cb.Method):
    """Fails in its first training step."""

    def __init__(self, params, context):
        super().__init__(params)
        self.composer = context.composer("concat")

    def training_steps(self, batch, stage):
        raise ZeroDivisionError("toy failure")


class SlowTirg(cb.StandardMethod):
    """TIRG; with ``TOY_STEP_SECONDS``, slow enough to be killed in the middle."""

    def __init__(self, params, context):
        super().__init__(params, context.composer("tirg"), {"rank": context.loss("batch-classification")})

    def training_steps(self, batch, stage):
        time.sleep(float(os.environ.get("TOY_STEP_SECONDS", "0")))
        yield from super().training_steps(batch, stage)


class NanLoss(cb.StandardMethod):
    """Its loss becomes NaN."""

    def __init__(self, params, context):
        super().__init__(params, context.composer("tirg"), {"rank": context.loss("batch-classification")})

    def training_steps(self, batch, stage):
        for step in super().training_steps(batch, stage):
            yield cb.TrainStep({name: term * float("nan") for name, term in step.terms.items()})


@cb.hookimpl
def cir_bench_datasets():
    yield cb.DatasetSpec(
        name="toy",
        summary="squares",
        implementation=f"{__name__}:Toy",
        params=ToyParams,
        needs_root=False,
        synthetic=True,
    )


@cb.hookimpl
def cir_bench_encoders():
    where = f"{__name__}:ToyEncoder"
    yield cb.EncoderSpec(name="toy", summary="frozen", implementation=where)
    yield cb.EncoderSpec(
        name="toy-live", summary="trained", implementation=where, provides=cb.Provides(pretrained=False)
    )


@cb.hookimpl
def cir_bench_methods():
    for name, implementation in {"breaks": "Breaks", "slow-tirg": "SlowTirg", "nan-loss": "NanLoss"}.items():
        yield cb.MethodSpec(name=name, summary="for tests", implementation=f"{__name__}:{implementation}")
    yield cb.MethodSpec(
        name="tuned",
        summary="for tests",
        implementation=f"{__name__}:SlowTirg",
        controlled={
            "toy": {"training": {"lr": 0.02, "epochs": 99, "weight_decay": 0.1}},
            "css": {"training": {"lr": 0.5}},
        },
    )
    yield cb.MethodSpec(
        name="wants-maps",
        summary="for tests",
        implementation=f"{__name__}:SlowTirg",
        needs=cb.Needs(image=cb.levels("maps"), map_levels=3),
    )


@cb.hookimpl
def cir_bench_benchmarks():
    return [Path(__file__).with_name("toy.yaml")]
