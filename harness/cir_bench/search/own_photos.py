"""The images that a model was measured on, as files, to be indexed without photos of one's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from cir_bench.atomic import replacing_folder
from cir_bench.data.tables import Faults, gallery_images, pixels
from cir_bench.errors import DataError, examples, unwritable
from cir_bench.runs.cell import file_name
from cir_bench.search.engine import Engine
from cir_bench.search.index import PhotoIndex

OWN_PHOTOS = "photos"
Progress = Callable[[str, int, int], None]
"""Called with (what is done, images so far, all images)."""


def photos_of(index: PhotoIndex, engine: Engine, progress: Progress = lambda *_: None) -> Path:
    """The folder of an index's images; that of a new index is made, with the images of the model's benchmark.

    Errors are those of `PhotoIndex.begin` and `write_gallery`.
    """
    before = index.read()
    if before is not None:
        return Path(before.photos)
    folder = index.folder / OWN_PHOTOS
    if not folder.is_dir():
        with index.begin(engine).lock():
            if not folder.is_dir():  # another command may have written them in the meantime
                write_gallery(engine, folder, partial(progress, "writing"))
    return folder


def write_gallery(engine: Engine, folder: Path, progress: Callable[[int, int], None] = lambda *_: None) -> None:
    """Write every candidate of the benchmark's queries into the new ``folder``, whole or not at all.

    Files of the data set are copied; images that it renders become PNGs. They are named by their ids.

    Raises:
        DataError: the data are not here, are others than the model was measured on, or images are missing.
        StorageError: they cannot be written.
    """
    dataset = engine.dataset()
    split = dataset.evaluated(engine.protocol.split)
    images = [image.id for image in gallery_images(dataset, split, ())]
    faults = Faults()
    try:
        with replacing_folder(folder) as temporary:
            for done, image in enumerate(images, start=1):
                if content := pixels(dataset, image, faults):
                    name = file_name(image) + Path(content["path"]).suffix.lower()
                    (temporary / name).write_bytes(content["bytes"])
                progress(done, len(images))
            if faults:
                lacking = [*faults.missing, *faults.unreadable]
                raise DataError(
                    f"{len(lacking)} of {len(images)} images of {engine.record.cell.benchmark} are missing or cannot "
                    f"be read ({examples(lacking)}); complete the data, or name a folder of photos."
                )
    except OSError as error:
        raise unwritable(f"the images {folder}", error) from error
