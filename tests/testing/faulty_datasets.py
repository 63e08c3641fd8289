"""A plugin with a sound data set, and data sets that break the contract in one way each."""

import hashlib
from pathlib import Path

from PIL import Image

from cir_bench import DataError, Dataset, DatasetSpec, Query, Triplet, TripletSampler, hookimpl


class SoundDataset(Dataset):
    """Three grey squares as files below the data root."""

    def __init__(self, params, context):
        self.root = context.data_root / "squares"

    def train(self):
        return [Triplet("a", ("is lighter",), "b")]

    def queries(self, split):
        if split != "val":
            raise DataError(f"there is no split {split}")
        return [Query("0", "a", ("is lighter",), ("b",)), Query("1", "b", ("is lighter",), ("c",))]

    def gallery(self, split, part=""):
        return ["a", "b", "c"]

    def path(self, image_id):
        return self.root / f"{image_id}.png"

    def has(self, image_id):
        return image_id in "abc" and self.path(image_id).is_file()

    def open(self, image_id):
        if not self.has(image_id):
            raise DataError(f"there is no image {image_id}")
        return Image.open(self.path(image_id)).convert("RGB")

    def digest(self, image_id):
        return hashlib.sha256(self.path(image_id).read_bytes()).hexdigest()


class SameIds(SoundDataset):
    def queries(self, split):
        return [Query("0", "a", ("x",), ("b",)), Query("0", "b", ("x",), ("c",))]


class NoSuchPart(SoundDataset):
    def queries(self, split):
        return [Query("0", "a", ("x",), ("b",), part="dress")]


class TargetOutside(SoundDataset):
    def gallery(self, split, part=""):
        return ["a", "b"]


class RepeatedCandidate(SoundDataset):
    def gallery(self, split, part=""):
        return ["a", "b", "c", "a"]


class Shuffles(SoundDataset):
    count = 0

    def queries(self, split):
        Shuffles.count += 1
        return super().queries(split)[:: (-1) ** Shuffles.count]


class NotThere(SoundDataset):
    def has(self, image_id):
        return False


class Grey(SoundDataset):
    def open(self, image_id):
        return super().open(image_id).convert("L")


class OneDigest(SoundDataset):
    def digest(self, image_id):
        return "same"


class AnySplit(SoundDataset):
    def queries(self, split):
        return super().queries("val")


class Escapes(SoundDataset):
    def has(self, image_id):
        return Path(self.root / f"{image_id}.png").is_file() or Path(self.root / image_id).is_file()


class NoText(SoundDataset):
    def provenance(self):
        return {"seed": 5}


class NoTriplets(SoundDataset):
    def train(self):
        return []


class Sampler(TripletSampler):
    """Draws a way from one square to another."""

    def __init__(self, images="abc"):
        self.images_ = [image for image in "abc" if image in images]

    @property
    def images(self):
        return self.images_

    def draw(self, seed, epoch):
        step = (3 * seed + epoch) % (len(self.images) - 1) + 1
        pairs = [(i, self.images[(place + step) % len(self.images)]) for place, i in enumerate(self.images)]
        return [Triplet(a, (f"to {b}, {seed} {epoch}",), b, hits=(b,)) for a, b in pairs]

    def among(self, images):
        return type(self)(images)

    def same_description(self, image):
        return [image]


class Drawn(SoundDataset):
    sampler_ = Sampler

    def sampler(self):
        return self.sampler_()


class OneDraw(Sampler):
    def draw(self, seed, epoch):
        return super().draw(seed, 0)


class EndsEarly(Sampler):
    def draw(self, seed, epoch):
        return super().draw(seed, epoch)[: 2 + epoch % 2]


class Forgets(Sampler):
    count = 0

    def draw(self, seed, epoch):
        Forgets.count += 1
        return super().draw(seed + Forgets.count, epoch)


class Strays(Sampler):
    def among(self, images):
        return self


class LopsidedDescriptions(Sampler):
    def same_description(self, image):
        return [image] if image == "a" else [image, "a"]


def drawn(sampler):
    return type(f"Drawn{sampler.__name__}", (Drawn,), {"sampler_": sampler})


DrawnOneDraw, DrawnEndsEarly, DrawnForgets, DrawnStrays, DrawnLopsidedDescriptions = map(
    drawn, (OneDraw, EndsEarly, Forgets, Strays, LopsidedDescriptions)
)

DATASETS = {
    "sound": SoundDataset,
    "same-ids": SameIds,
    "no-such-part": NoSuchPart,
    "target-outside": TargetOutside,
    "repeated-candidate": RepeatedCandidate,
    "shuffles": Shuffles,
    "not-there": NotThere,
    "grey": Grey,
    "one-digest": OneDigest,
    "any-split": AnySplit,
    "escapes": Escapes,
    "no-text": NoText,
    "no-triplets": NoTriplets,
    "drawn": Drawn,
    "one-draw": DrawnOneDraw,
    "ends-early": DrawnEndsEarly,
    "forgets": DrawnForgets,
    "strays": DrawnStrays,
    "lopsided-descriptions": DrawnLopsidedDescriptions,
}


@hookimpl
def cir_bench_datasets():
    return [
        DatasetSpec(name=name, summary="for tests", implementation=f"{__name__}:{found.__name__}")
        for name, found in DATASETS.items()
    ]
