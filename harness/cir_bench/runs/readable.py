"""Which images are there for a run: those that a data set has; where it may do without some, those that can be read."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from cir_bench.errors import CirBenchError
from cir_bench.features.extract import read_item
from cir_bench.interfaces.dataset import ImageRef
from cir_bench.interfaces.encoder import Encoder

SHOWN = 3


class There:
    """Whether an image can be used; every image is asked for once.

    Without ``allow_partial`` whatever the encoder has counts as there, and a run ends at the first file that cannot be
    read. With it such a file counts as missing, and a warning says so: the gallery is partial, never silently smaller.

    Args:
        encoder: reads the images, or what stands for them.
        ref: the handle on an image by its id.
        allow_partial: whether missing images are left out.
        threads: that read images.
    """

    def __init__(self, encoder: Encoder, ref: Callable[[str], ImageRef], *, allow_partial: bool, threads: int) -> None:
        self._encoder, self._ref, self._allow_partial, self._threads = encoder, ref, allow_partial, max(1, threads)
        self._known: dict[str, bool] = {}

    def __call__(self, image: str) -> bool:
        """Whether this one can be used."""
        if image not in self._known:
            self.ask([image])
        return self._known[image]

    def ask(self, images: Sequence[str]) -> None:
        """Find it out for all of these at once, which is faster."""
        new = [image for image in dict.fromkeys(images) if image not in self._known]
        self._known |= {image: self._encoder.has(self._ref(image)) for image in new}
        if not self._allow_partial:
            return
        there = [image for image in new if self._known[image]]
        with ThreadPoolExecutor(self._threads) as threads:
            faults = dict(zip(there, threads.map(self._fault, there), strict=True))
        broken = {image: fault for image, fault in faults.items() if fault is not None}
        self._known |= dict.fromkeys(broken, False)
        if broken:
            shown = " ".join(list(broken.values())[:SHOWN]) + (" …" if len(broken) > SHOWN else "")
            warnings.warn(f"partial: {len(broken)} images cannot be read and are left out: {shown}", stacklevel=2)

    def _fault(self, image: str) -> str | None:
        try:
            read_item(self._encoder, self._ref(image))
        except CirBenchError as error:
            return str(error)
        return None
