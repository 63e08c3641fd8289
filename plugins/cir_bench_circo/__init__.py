"""CIRCO (Baldrati et al., ICCV 2023): several targets per query among COCO's unlabeled images; evaluation only."""

from __future__ import annotations

from cir_bench import DatasetSpec, hookimpl

CIR_BENCH_API = 1


@hookimpl
def cir_bench_datasets() -> list[DatasetSpec]:
    """The data set."""
    return [
        DatasetSpec(
            name="circo",
            summary="123,403 unlabeled images of COCO, several targets per query; for evaluation only",
            implementation="cir_bench_circo.dataset:CIRCO",
            licence="CC BY-NC 4.0 (annotations); the images are those of COCO 2017, under Flickr's terms of use",
            non_commercial=True,
            homepage="https://github.com/miccunifi/CIRCO",
            citation=(
                "Baldrati, Agnolucci, Bertini, Del Bimbo: Zero-Shot Composed Image Retrieval with Textual Inversion, "
                "ICCV 2023"
            ),
            steps=(
                "Copy val.json and test.json from annotations/ of https://github.com/miccunifi/CIRCO into {root} (or "
                "into annotations/ below it).",
                "Unpack http://images.cocodataset.org/annotations/image_info_unlabeled2017.zip in "
                "{root}/COCO2017_unlabeled: the gallery is its list of images.",
                "Unpack http://images.cocodataset.org/zips/unlabeled2017.zip (19 GB) in {root}/COCO2017_unlabeled.",
            ),
            trains=False,
        )
    ]
