"""Does a data set have all its images, and can each be decoded?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from cir_bench.data.tables import Faults, Watcher
from cir_bench.errors import CirBenchError, DataError
from cir_bench.interfaces.dataset import Dataset


def check_images(
    dataset: Dataset, images: Sequence[str], watch: Watcher = lambda items, total, what: iter(items)
) -> Faults:
    """Look for every image, and decode those that exist on several threads.

    An image also counts as missing if the data set cannot tell, for example because a list of images is broken.
    """
    missing = [image for image in images if not _has(dataset, image)]
    gone = set(missing)
    found = [image for image in images if image not in gone]

    def fault(image: str) -> str | None:
        try:
            dataset.open(image).close()
        except CirBenchError as error:
            return str(error)
        return None

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as threads:
        try:
            reasons = list(watch(threads.map(fault, found), len(found), "decoding images"))
        except BaseException:  # Ctrl-C too: do not go on with what is queued
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    return Faults(missing, {image: why for image, why in zip(found, reasons, strict=True) if why is not None})


def _has(dataset: Dataset, image: str) -> bool:
    try:
        return dataset.has(image)
    except DataError:
        return False
