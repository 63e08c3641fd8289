"""Tiny lists in the layouts of domain conversion, with images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from cir_bench import Context
from cir_bench_domains import DomainParams
from cir_bench_domains.dataset import DomainConversion

PHOTOS = "imgnet/real/n1/a.JPEG 2 \nimgnet/real/n2/b.JPEG 7 \n"
TARGETS = (
    "imgnet/imagenet-r/n1/toy_3.jpg 2002\nimgnet/imagenet-r/n1/cartoon_1.jpg 2\nimgnet/imagenet-r/n1/cartoon_2.jpg 2\n"
    "imgnet/real/n1/a.JPEG 6002\nimgnet/real/n2/b.JPEG 6007\n"
)
PLACES = "ltll/New/a b.jpg New Taj\nltll/Old/c.jpg Old Taj\nltll/Old/d.jpg Old Rome\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """``domain_conversion/`` with ImageNet-R and LTLL."""
    root = tmp_path / "data" / "domain_conversion"
    files = {"imgnet_real_query.txt": PHOTOS, "imgnet_targets.txt": TARGETS}
    for folder, lists in {"imagenet_r": files, "ltll": {"full_files.csv": PLACES}}.items():
        (root / folder).mkdir(parents=True)
        for name, text in lists.items():
            (root / folder / name).write_text(text)
    images = [line.rstrip().rpartition(" ")[0] for line in TARGETS.splitlines()]
    images += [line.rsplit(maxsplit=2)[0] for line in PLACES.splitlines()]
    for place, image in enumerate(images):
        (root / image).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4), (20 * place, 0, 0)).save(root / image, "JPEG")
    return root


@pytest.fixture
def domains(root: Path) -> Callable[..., DomainConversion]:
    """Opens one of them."""

    def make(of: str = "pic2word") -> DomainConversion:
        context = Context(data_root=root.parent, cache_dir=root.parent / "cache")
        return DomainConversion(DomainParams.model_validate({"of": of}), context)

    return make
