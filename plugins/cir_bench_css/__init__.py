"""css: colour, shape, size.  Rendered scenes of simple things on a 3x3 grid; nothing to download.

After CSS of TIRG (CVPR 2019), made hard: the gallery holds many single-edit siblings of every reference, pictures of
one scene differ in jitter, shade, tilt and noise, texts are paraphrased and partly name things by position or relation,
some ask for two edits, and some combinations of colour and shape occur in the test split only.

``scenes`` what there is · ``edits`` what changes · ``naming`` and ``texts`` how it is said · ``captions`` a scene
described · ``families`` a reference and its siblings · ``splits`` train and test · ``rendering`` pixels · ``dataset``.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from cir_bench import DatasetSpec, Params, hookimpl

CIR_BENCH_API = 1

CITATION = """
@inproceedings{vo2019composing,
  title     = {Composing Text and Image for Image Retrieval - An Empirical Odyssey},
  author    = {Vo, Nam and Jiang, Lu and Sun, Chen and Murphy, Kevin and Li, Li-Jia and Fei-Fei, Li and Hays, James},
  booktitle = {CVPR},
  year      = {2019},
}
"""
"""Of the data set that this one is made after."""


class CssParams(Params):
    """Which css: the benchmark is seed 0, which the encoder `tiny` was trained for."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Decides scenes, texts and pictures."""


@hookimpl
def cir_bench_datasets() -> list[DatasetSpec]:
    """The data set `css`."""
    return [
        DatasetSpec(
            name="css",
            summary="rendered scenes of coloured shapes on a 3x3 grid with sibling scenes; no download",
            implementation="cir_bench_css.dataset:Css",
            params=CssParams,
            version="2",  # 2: held-out triplets know every picture of the target's scene
            needs_root=False,
            licence="MIT (rendered by cir-bench)",
            synthetic=True,
            publishable=True,
            citation=CITATION,
        )
    ]
