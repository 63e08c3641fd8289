"""`Dataset`: annotations and images. It knows files, not conventions: those belong to the protocol."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from cir_bench.errors import DataError


@dataclass(frozen=True)
class Triplet:
    """One annotated training example: a reference image, its captions as annotated, and a target image."""

    reference: str
    captions: tuple[str, ...]
    target: str
    part: str = ""
    """Its category (FashionIQ: dress, shirt, toptee); empty for data sets without parts."""
    hits: tuple[str, ...] = ()
    """Every image of the train split that is as right as the target, the target included, if the data set knows (css:
    all images of the target's scene); empty: the target alone. A held-out triplet is scored with them, as a query is
    with its targets."""


NO_TARGET = ""
"""The one target of a query that no image of the gallery answers, which counts and is always missed (Pic2Word's
ImageNet-R); a query without targets is one of a hidden test set."""


@dataclass(frozen=True)
class Query:
    """One annotated evaluation query, before the protocol turns captions into query texts.

    ``id`` is stable and documented by the data set (FashionIQ: ``dress-0`` = index in ``cap.dress.val.json``).
    """

    id: str
    reference: str
    captions: tuple[str, ...]
    targets: tuple[str, ...]
    """Every image that counts as a hit. The one that the captions were written for comes first, if the data set knows
    it (CIRCO's R_target@K uses it alone). Empty for hidden test sets."""
    part: str = ""
    subset: tuple[str, ...] = ()
    """The candidates of a subset ranking (CIRR's six members); empty if there is none."""
    gains: Mapping[str, float] = field(default_factory=dict)
    """Graded relevance by image (CIRR's soft targets)."""
    tags: tuple[str, ...] = ()
    """For breakdowns: kind of edit, semantic aspect and so on."""
    context: Mapping[str, str] = field(default_factory=dict)
    """Further texts of the annotation, by name, for protocols whose text template names them (CIRCO's ``concept``)."""
    further_references: tuple[str, ...] = ()
    """Reference images besides ``reference`` (PinPoint); the query is then the mean of the embeddings of the text with
    each of them."""
    negatives: tuple[str, ...] = ()
    """Images that are known to be wrong, for metrics that count them (PinPoint); one may be a target as well."""
    group: str = ""
    """What the query is about, for metrics that are averaged within groups of queries first (i-CIR's instance)."""


class TripletSampler(ABC):
    """Draws the triplets of an epoch, for a data set that has too many to train on all of them.

    Fashion200k's triplets are all pairs of images whose captions differ in one word. A draw depends on seed and epoch
    alone and is the same on every machine, so that an interrupted run continues as if nothing had happened.
    """

    @property
    @abstractmethod
    def images(self) -> Sequence[str]:
        """Every image that may be drawn from, each once, in the order of the annotation files."""

    @abstractmethod
    def draw(self, seed: int, epoch: int) -> Sequence[Triplet]:
        """The triplets of an epoch: the same number in every epoch, others for another seed or epoch (any integers)."""

    @abstractmethod
    def among(self, images: Collection[str]) -> TripletSampler:
        """A sampler whose references and targets are all among ``images``; `DataError` when no triplet is left."""

    @abstractmethod
    def same_description(self, image: str) -> Sequence[str]:
        """The image and all others with the same description; a held-out part gets all of them or none."""


class Dataset(ABC):
    """Annotations and images of one data set, read from ``<data root>/<name>/`` or generated.

    Image ids are opaque strings; they never become a path outside the data set's root.
    """

    parts: Sequence[str] = ("",)
    """The categories that are evaluated against their own galleries."""

    @abstractmethod
    def train(self) -> Sequence[Triplet]:
        """All training triplets, in the order of the annotation files; with a :meth:`sampler`, one of its draws."""

    def sampler(self) -> TripletSampler | None:
        """Draws the triplets of every epoch, if they are not a fixed list (Fashion200k); otherwise None."""
        return None

    def train_images(self) -> Sequence[str]:
        """Every image that training may read, each once; with a :meth:`sampler`, all that it may draw."""
        sampler = self.sampler()
        if sampler is not None:
            return sampler.images
        return list(dict.fromkeys(image for triplet in self.train() for image in (triplet.reference, triplet.target)))

    def unlabelled_images(self) -> Sequence[str]:
        """Every image that a method may learn from without triplets, each once; by default :meth:`train_images`."""
        return self.train_images()

    @abstractmethod
    def queries(self, split: str) -> Sequence[Query]:
        """All queries of ``split``, in the order of the annotation files; `DataError` if there is no such split."""

    def evaluated(self, split: str) -> str:
        """The split that a protocol means by ``split``: itself, unless the data set chooses (``auto``)."""
        return split

    @abstractmethod
    def gallery(self, split: str, part: str = "") -> Sequence[str]:
        """The official candidates of ``split``, or of one part of it, in the file's order."""

    @abstractmethod
    def open(self, image_id: str) -> Image.Image:
        """Decode an image to RGB; `DataError` with the file's name if it is missing or unreadable."""

    @abstractmethod
    def has(self, image_id: str) -> bool:
        """Whether the image exists (not whether it can be decoded)."""

    @abstractmethod
    def digest(self, image_id: str) -> str:
        """Hex digest of the image's content (of its file, or of what it is rendered from)."""

    def file(self, image_id: str) -> Path | None:
        """The file that :meth:`open` decodes, whose bytes `data export` copies; None if there is no such file.

        With it, :meth:`digest` is called only if the file's size, times or inode changed; otherwise for every run.
        """
        return None

    def side_text(self, image_id: str) -> str | None:
        """The image's own description, if the data set has one (VAL's L_vs)."""
        return None

    def spelling(self, name: str, part: str = "") -> Mapping[str, str]:
        """The spelling dictionary ``name``, wrong word to right word, for protocols that correct captions (TG-CIR)."""
        raise DataError(f"{type(self).__name__} has no spelling dictionary {name!r}; use a protocol without one.")

    def provenance(self) -> Mapping[str, str]:
        """Facts for every record: version, seed of a generated set, digest of the annotation files.

        Not the spelling dictionaries: the harness adds those that a cell's protocol names.
        """
        return {}


@dataclass(frozen=True)
class ImageRef:
    """One image of a data set, as an encoder gets it; :meth:`open` decodes it."""

    dataset_name: str
    dataset: Dataset
    id: str

    def open(self) -> Image.Image:
        """The decoded RGB image."""
        return self.dataset.open(self.id)

    def exists(self) -> bool:
        """Whether the image exists."""
        return self.dataset.has(self.id)

    def digest(self) -> str:
        """Hex digest of the image's content."""
        return self.dataset.digest(self.id)
