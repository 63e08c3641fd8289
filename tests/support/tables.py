"""Feature tables of a cache, asked for in one call."""

from collections.abc import Iterable, Sequence
from unittest.mock import patch

from cir_bench import Encoder, FeatureLevel, ImageRef, Needs, levels
from cir_bench.features import request
from cir_bench.features.cache import FeatureCache
from cir_bench.features.fill import Progress, no_progress
from cir_bench.features.request import FeatureRequest
from cir_bench.features.table import FeatureTable

POOLED = levels("pooled")
SCOPE = ("plain", "train")


def image_request(
    encoder: Encoder,
    images: Sequence[ImageRef],
    wanted: Iterable[FeatureLevel] = POOLED,
    *,
    name: str = "counting",
    scope: tuple[str, str] = SCOPE,
    map_levels: int = 1,
    workers: int = 0,
) -> FeatureRequest:
    needs = Needs(image=frozenset(wanted), map_levels=map_levels)
    return FeatureRequest.of_images(name, encoder, images, needs, scope, workers)


def image_table(
    cache: FeatureCache,
    encoder: Encoder,
    images: Sequence[ImageRef],
    wanted: Iterable[FeatureLevel] = POOLED,
    *,
    batch_size: int = 64,
    progress: Progress = no_progress,
    **options: object,
) -> FeatureTable:
    with patch.object(request, "IMAGE_BATCH", batch_size):
        return cache.table(image_request(encoder, images, wanted, **options), progress)  # type: ignore[arg-type]


def text_table(
    cache: FeatureCache, encoder: Encoder, texts: Sequence[str], wanted: Iterable[FeatureLevel] = POOLED
) -> FeatureTable:
    return cache.table(FeatureRequest.of_texts("counting", encoder, texts, Needs(text=frozenset(wanted)), SCOPE))
