"""Triplets that users found right, written as a benchmark in the ``folder`` format."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cir_bench.atomic import replacing
from cir_bench.bounded import parse_json
from cir_bench.errors import ConfigError, unwritable
from cir_bench.utils.files import file_digest

GALLERY, TRIPLETS, IMAGES, SPLIT = "gallery.jsonl", "triplets.jsonl", "images", "val"


@dataclass(frozen=True)
class Judgement:
    """The target is right for the reference changed as the text says; ``shown``: other images that were found."""

    reference: Path
    text: str
    target: Path
    shown: Sequence[Path] = ()


class Feedback:
    """A benchmark in ``folder``, which is created by the first triplet; images are copied into it.

    Reference, target and the other results are its gallery, by the digests of their contents.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()

    def add(self, judgement: Judgement) -> int:
        """Write a triplet; targets of one reference and text make one query. How many triplets there are.

        Raises:
            ConfigError: the files there are of something else.
            StorageError: they cannot be written.
        """
        with self._lock:
            triplets, gallery = self._read(TRIPLETS, "query_id"), self._read(GALLERY, "image")
            try:
                for path in (judgement.reference, judgement.target, *judgement.shown):
                    image, file = self._copied(path)
                    gallery.setdefault(image, {"image": image, "split": SPLIT, "file": file})
                query = self._query(judgement)
                target = file_digest(judgement.target)
                found = triplets.setdefault(query["query_id"], query)
                found["targets"] = list(dict.fromkeys([*found["targets"], target]))
                self._write(GALLERY, gallery)
                self._write(TRIPLETS, triplets)
            except OSError as error:
                raise unwritable(f"the feedback in {self.folder}", error) from error
            return _count(triplets)

    def remove(self, judgement: Judgement) -> int:
        """Take a triplet back; its images stay. How many triplets there are, and errors, as of `add`."""
        with self._lock:
            triplets = self._read(TRIPLETS, "query_id")
            identity = self._query(judgement)["query_id"]
            if identity in triplets:
                target = file_digest(judgement.target)
                triplets[identity]["targets"] = [one for one in triplets[identity]["targets"] if one != target]
                if not triplets[identity]["targets"]:
                    del triplets[identity]
                try:
                    self._write(TRIPLETS, triplets)
                except OSError as error:
                    raise unwritable(f"the feedback in {self.folder}", error) from error
            return _count(triplets)

    def count(self) -> int:
        """How many triplets there are; errors as of `add`."""
        with self._lock:
            return _count(self._read(TRIPLETS, "query_id"))

    def _query(self, judgement: Judgement) -> dict[str, Any]:
        reference = file_digest(judgement.reference)
        identity = hashlib.blake2b(f"{reference}\0{judgement.text}".encode(), digest_size=8).hexdigest()
        return {
            "query_id": identity,
            "split": SPLIT,
            "reference": reference,
            "text": judgement.text,
            "targets": [],
        }

    def _copied(self, path: Path) -> tuple[str, str]:
        """Copy an image, unless it is there; its id and its file below the folder."""
        image = file_digest(path)
        file = f"{IMAGES}/{image}{path.suffix.lower()}"
        if not (self.folder / file).is_file():
            with replacing(self.folder / file) as temporary:
                shutil.copyfile(path, temporary)
        return image, file

    def _read(self, name: str, key: str) -> dict[str, dict[str, Any]]:
        path = self.folder / name
        try:
            lines = [parse_json(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
            if not all(isinstance(line.get("targets", []), list) for line in lines):
                raise ValueError("'targets' is not a list")
            return {line[key]: line for line in lines}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            raise ConfigError(
                f"{path} cannot be read as feedback ({error}); name another folder with --feedback."
            ) from error

    def _write(self, name: str, lines: Mapping[str, Mapping[str, Any]]) -> None:
        with replacing(self.folder / name) as temporary:
            text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines.values())
            temporary.write_text(text, encoding="utf-8")


def _count(triplets: Mapping[str, Mapping[str, Any]]) -> int:
    return sum(len(one["targets"]) for one in triplets.values())
