"""CIRR (Liu et al., ICCV 2021): images of NLVR2 in groups of look-alikes, one relative caption per query."""

from __future__ import annotations

from cir_bench import DatasetSpec, hookimpl

CIR_BENCH_API = 1


@hookimpl
def cir_bench_datasets() -> list[DatasetSpec]:
    """The data set."""
    return [
        DatasetSpec(
            name="cirr",
            summary="real-life images in groups of six look-alikes, one relative caption per query",
            implementation="cir_bench_cirr.dataset:CIRR",
            licence="MIT (annotations); the images are those of NLVR2, under its terms of use",
            homepage="https://github.com/Cuberick-Orion/CIRR",
            citation=(
                "Liu, Rodriguez-Opazo, Teney, Gould: Image Retrieval on Real-life Images with Pre-trained "
                "Vision-and-Language Models, ICCV 2021"
            ),
            steps=(
                "Fill in the form for the raw images of NLVR2 (https://lil.nlp.cornell.edu/nlvr/) and put the folders "
                "train/, dev/ and test1/ into {root} (or into img_raw/ or images/ below it).",
            ),
        )
    ]
