"""Which images a run can use: those that a data set has and, when some may be missing, those that can be read."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from cir_bench.errors import CirBenchError
from cir_bench.features.extract import read_item
from cir_bench.interfaces.dataset import ImageRef
from cir_bench.interfaces.encoder import Encoder

SHOWN = 3


class AvailableImages:
    """Whether an image can be used; each is looked at once.

    Without ``allow_partial``, an image is available if the encoder has it, and a run ends at the first file that cannot
    be read. With it, such a file counts as missing, with a warning: the gallery is partial, never silently smaller.

    Args:
        encoder: reads the images, or what represents them.
        ref: the handle on an image by its id.
        verdicts: what was found before, by image; extended.
        allow_partial: whether missing images are left out.
        threads: that read images.
    """

    def __init__(
        self,
        encoder: Encoder,
        ref: Callable[[str], ImageRef],
        verdicts: dict[str, bool],
        *,
        allow_partial: bool,
        threads: int,
    ) -> None:
        self._encoder, self._ref, self._verdicts = encoder, ref, verdicts
        self._allow_partial, self._threads = allow_partial, max(1, threads)

    def __call__(self, image: str) -> bool:
        """Whether the image can be used."""
        if image not in self._verdicts:
            self.check([image])
        return self._verdicts[image]

    def check(self, images: Iterable[str]) -> None:
        """Look at many images at once, which is faster."""
        new = [image for image in dict.fromkeys(images) if image not in self._verdicts]
        self._verdicts.update({image: self._encoder.has(self._ref(image)) for image in new})
        if not self._allow_partial:
            return
        present = [image for image in new if self._verdicts[image]]
        with ThreadPoolExecutor(self._threads) as threads:
            faults = dict(zip(present, threads.map(self._fault, present), strict=True))
        broken = {image: fault for image, fault in faults.items() if fault is not None}
        self._verdicts.update(dict.fromkeys(broken, False))
        if broken:
            shown = " ".join(list(broken.values())[:SHOWN]) + (" …" if len(broken) > SHOWN else "")
            warnings.warn(f"partial: {len(broken)} images cannot be read and are left out: {shown}", stacklevel=2)

    def _fault(self, image: str) -> str | None:
        try:
            read_item(self._encoder, self._ref(image))
        except CirBenchError as error:
            return str(error)
        return None
