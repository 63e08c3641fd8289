"""What it costs to know that no image changed: the ingredients of a cell on a generated folder of 100,000 images.

    python benchmarks/speed/ingredients.py
    python benchmarks/speed/ingredients.py --images 1000000 --kib 4 --workers 8

Each line is a new process, as a second `run` is: it loads the folder and the encoder ``tiny`` and computes all
ingredients of one cell, first those of the contents of images, which are new, then the rest. ``cold``: no digest is
known, and the files are not in the system's memory (if it heeds advice). ``warm``: all digests are known, so each file
is only looked at. ``one changed``: one file was rewritten since.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from cir_bench.plugin.loader import load_plugins
from cir_bench.runs.request import RunRequest
from cir_bench.runs.resolve import resolve
from cir_bench.runs.workbench import Workbench

QUERIES = 1000


def generate(root: Path, images: int, kib: int) -> None:
    """A folder of files that are no images, since nothing decodes them here; half of them are for training."""
    names = [f"{number:07d}" for number in range(images)]
    split = {name: "val" if number % 2 else "train" for number, name in enumerate(names)}
    for number, name in enumerate(names):
        path = root / "images" / name[:4] / f"{name}.jpg"
        if number % 1000 == 0:
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(1024 * kib))
    gallery = [{"image": name, "split": split[name], "file": f"images/{name[:4]}/{name}.jpg"} for name in names]
    pairs = [(names[start], names[start + 2]) for start in range(images - 2)]
    pairs = [pair for pair in pairs if split[pair[0]] == "train"] + [
        pair for pair in pairs[: 2 * QUERIES] if split[pair[0]] == "val"
    ]
    triplets = [
        {"query_id": one, "split": split[one], "reference": one, "text": "is red", "targets": [other]}
        for one, other in pairs
    ]
    for file, lines in (("gallery", gallery), ("triplets", triplets)):
        (root / f"{file}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def measure(root: Path, cache: Path, workers: int) -> None:
    """Print what one process takes: to load everything, and then for the contents of the images."""
    began = time.perf_counter(), time.process_time()
    request = RunRequest(methods=("tirg",), benchmarks=(f"folder:{root}",), encoders=("tiny",))
    (cell,) = resolve(request, load_plugins(environ={}))
    bench = Workbench(None, cache, torch.device("cpu"), workers=workers)
    bench.data.evaluation(cell)
    bench.encoders.frozen(cell)
    bench.datasets.of(cell).train_images()
    loaded = time.perf_counter(), time.process_time()
    bench.images.of_evaluation(cell)
    bench.images.of_training(cell)
    done = time.perf_counter(), time.process_time()
    for (wall, processor), (until, spent), what in ((loaded, done, "images"), (began, loaded, "loading before")):
        print(f"{what}: {until - wall:6.2f} s, {spent - processor:6.2f} s of the processor", end="  ")
    print()


def forget(root: Path) -> None:
    """Ask the system to drop the files from memory."""
    os.sync()
    for path in root.rglob("*.jpg"):
        descriptor = os.open(path, os.O_RDONLY)
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--kib", type=int, default=10, help="size of each file")
    parser.add_argument("--workers", type=int, default=2, help="threads that read files")
    parser.add_argument("--one", nargs=2, metavar=("FOLDER", "CACHE"), type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        measure(*options.one, options.workers)
        return
    with tempfile.TemporaryDirectory() as folder:
        root, cache = Path(folder, "photos"), Path(folder, "cache")
        generate(root, options.images, options.kib)
        print(f"{options.images} images of {options.kib} KiB")
        time.sleep(3)  # digests of files that were written a moment ago are not kept
        command = [sys.executable, __file__, "--workers", str(options.workers), "--one", str(root), str(cache)]

        def line(name: str) -> None:
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            print(name.ljust(12), done.stdout.strip(), flush=True)

        forget(root)
        line("cold")
        line("warm")
        next(iter(root.rglob("*.jpg"))).write_bytes(b"another")
        line("one changed")
        (index,) = (cache / "images").iterdir()
        print(f"index {index.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
