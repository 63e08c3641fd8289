"""`FileDataset`: a data set whose images are files."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path

from PIL import Image

from cir_bench.errors import DataError
from cir_bench.interfaces.dataset import Dataset
from cir_bench.utils.files import file_digest
from cir_bench.utils.images import read_image


class FileDataset(Dataset):
    """A data set that says which file an image is (:meth:`file`); the rest of what is asked of images follows."""

    @abstractmethod
    def file(self, image_id: str) -> Path:
        """The image's file, which may be absent; `DataError` for what is no image of the data set.

        An id is from a file that anybody may have written: make a path of it with `cir_bench.utils.inside`.
        """

    def open(self, image_id: str) -> Image.Image:
        """Decode the image's file to RGB; `DataError` with its name if it is missing or unreadable."""
        return read_image(self.file(image_id))

    def has(self, image_id: str) -> bool:
        """Whether the image's file exists; not if :meth:`file` raises.

        Where :meth:`file` reads annotations, which may be broken, override this, so that it does not hide that.
        """
        try:
            return self.file(image_id).is_file()
        except DataError:
            return False

    def digest(self, image_id: str) -> str:
        """Hex digest of the image's file."""
        return file_digest(self.file(image_id))
