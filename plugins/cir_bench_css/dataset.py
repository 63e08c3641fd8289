"""`Css`: the splits as a data set."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from random import Random

import PIL
from PIL import Image

from cir_bench import Context, DataError, Dataset, Query, Triplet
from cir_bench_css import CssParams, rendering
from cir_bench_css.captions import caption
from cir_bench_css.scenes import Scene, describe
from cir_bench_css.splits import Picture, Split, make_splits
from cir_bench_css.tags import tags_of

TEST = "test"


class Css(Dataset):
    """Scenes of coloured shapes; images are rendered when they are opened.

    Image ids are ``train-00000``, ``test-00000``; query ids ``css-00000`` count the test split's queries in order (see
    `cir_bench_css.splits`).  Every gallery image whose scene equals the target's is a target, and so it is for what is
    held out of the train split.  The reference image is in the gallery, as are other pictures of its scene.
    """

    def __init__(self, params: CssParams, context: Context) -> None:
        self._seed = params.seed
        self._splits = make_splits(params.seed)

    def train(self) -> Sequence[Triplet]:
        """The train split's triplets, family by family."""
        images = _images_of_scenes(self._splits.train)
        return [
            Triplet(
                reference=triplet.reference.id,
                captions=(triplet.member.text,),
                target=triplet.target.id,
                hits=images[triplet.target.scene],
            )
            for triplet in self._splits.train.triplets
        ]

    def queries(self, split: str) -> Sequence[Query]:
        """The queries of ``test``, family by family."""
        self._check(split)
        images = _images_of_scenes(self._splits.test)
        return [
            Query(
                id=f"css-{number:05d}",
                reference=triplet.reference.id,
                captions=(triplet.member.text,),
                targets=images[triplet.target.scene],
                tags=tags_of(triplet),
            )
            for number, triplet in enumerate(self._splits.test.triplets)
        ]

    def gallery(self, split: str, part: str = "") -> Sequence[str]:
        """Every image of ``test``."""
        self._check(split)
        return [picture.id for picture in self._splits.test.pictures]

    def open(self, image_id: str) -> Image.Image:
        """Render the image, 48 x 48 pixels."""
        return rendering.render(self._picture(image_id).scene, image_id)

    def has(self, image_id: str) -> bool:
        """Whether one of the splits has it."""
        return image_id in self._pictures

    def digest(self, image_id: str) -> str:
        """Digest of what decides the pixels: id, scene, the code that renders and the Pillow it renders with."""
        key = f"{self._renderer}:{image_id}:{describe(self._picture(image_id).scene)}"
        return hashlib.sha256(key.encode()).hexdigest()

    def side_text(self, image_id: str) -> str | None:
        """A description of the scene, for images of the train split only."""
        if image_id not in self._train_ids:
            return None
        rng = Random(f"css-caption:{image_id}")  # noqa: S311 (no secret)
        return caption(rng, self._picture(image_id).scene)

    def provenance(self) -> Mapping[str, str]:
        """The seed, and digests of the annotations and of the renderer."""
        sha = hashlib.sha256()
        for split in self._splits:
            for picture in split.pictures:
                sha.update(f"{picture.id}:{describe(picture.scene)}\n".encode())
            for triplet in split.triplets:
                sha.update(f"{triplet.reference.id}:{triplet.target.id}:{triplet.member.text}\n".encode())
        return {"seed": str(self._seed), "annotations": sha.hexdigest(), "renderer": self._renderer}

    @cached_property
    def _pictures(self) -> dict[str, Picture]:
        return {picture.id: picture for split in self._splits for picture in split.pictures}

    @cached_property
    def _train_ids(self) -> frozenset[str]:
        return frozenset(picture.id for picture in self._splits.train.pictures)

    @cached_property
    def _renderer(self) -> str:
        code = Path(rendering.__file__).read_bytes()
        return hashlib.sha256(code + f"Pillow {PIL.__version__}".encode()).hexdigest()[:16]

    def _picture(self, image_id: str) -> Picture:
        if image_id not in self._pictures:
            raise DataError(f"css has no image {image_id!r}; its ids look like test-00000 (gallery) or train-00000.")
        return self._pictures[image_id]

    def _check(self, split: str) -> None:
        if split != TEST:
            raise DataError(f"css has no evaluation split {split!r}; its only one is {TEST!r}.")


def _images_of_scenes(split: Split) -> dict[Scene, tuple[str, ...]]:
    images: dict[Scene, list[str]] = {}
    for picture in split.pictures:
        images.setdefault(picture.scene, []).append(picture.id)
    return {scene: tuple(same) for scene, same in images.items()}
