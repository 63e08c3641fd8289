"""`Packer`: cells as jobs, with the files that a worker starts from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import get_args

from cir_bench.engine.request import CACHE, JOB, OUT, JobRequest, Task, TrialRequest
from cir_bench.engine.same import known_of, versions
from cir_bench.engine.setup import EngineSetup
from cir_bench.features.identity import Identity, Role
from cir_bench.features.jpeg import NAMES
from cir_bench.features.store import Store
from cir_bench.interfaces.executor import Job
from cir_bench.plugin.candidates import BESIDE_CONFIG
from cir_bench.runs.cell import Cell
from cir_bench.runs.request import RunRequest
from cir_bench.runs.status import CHECKPOINTS

BESIDE = {".py", ".yaml", ".yml", ".json", ".md"}
"""Files next to a single-file plugin that go with it."""
BESIDE_BYTES = 1 << 20


class Packer:
    """Makes the jobs of a run. With ``shared``, workers see this machine's files, and none travels."""

    def __init__(self, setup: EngineSetup, *, shared: bool) -> None:
        self._setup, self._shared = setup, shared
        self._files: dict[str, Path] = {}
        self._plugins = tuple(map(self._plugin, self._plugin_files()))
        self._requests = tuple(map(self._request, setup.requests))

    def job(
        self,
        task: Task,
        cells: Sequence[Cell],
        attempt: int,
        trial: TrialRequest | None = None,
        *,
        tunes: bool = False,
    ) -> Job:
        """One job; cells of a features job share an encoder."""
        setup, first = self._setup, cells[0]
        files = dict(self._files)
        if not self._shared:
            files |= self._features(first)
            if task == "cell":
                files |= self._checkpoints(first)
        request = JobRequest(
            task=task,
            tunes=tunes or trial is not None,
            trial=trial,
            cells=tuple(cell.key for cell in cells),
            precision=first.precision,
            requests=self._requests,
            cache_dir=str(setup.cache_dir.absolute()) if self._shared else CACHE,
            follow_links=setup.follow_links,
            workers=min(8, setup.cpus) if setup.workers is None else setup.workers,
            plugin_files=self._plugins,
            third_party=setup.plugins.third_party,
            only=None if setup.plugins.only is None else tuple(sorted(setup.plugins.only)),
            without=tuple(sorted(setup.plugins.without)),
            shared=self._shared,
            from_folder=str(Path.cwd()) if self._shared else "",
            gpus=setup.gpus,
            limit=setup.limit if task == "cell" else None,
            versions=versions(),
            ingredients=tuple(map(known_of, cells)),
        )
        digest = hashlib.sha256("".join(cell.key.model_dump_json() for cell in cells).encode()).hexdigest()[:8]
        name, title = first.key.method, first.key.name
        if task == "features":
            name, title = "features", f"features of {first.key.encoder} for {len(cells)} cells"
        if trial is not None:
            name, title = f"{name}-trial{trial.index}", f"trial {trial.index + 1} of {title}"
        return Job(
            name=f"{name}-{digest}-{attempt}",
            title=title,
            request=request.model_dump_json(),
            files=files,
            cpus=setup.cpus,
            gpus=setup.gpus,
        )

    def _plugin_files(self) -> list[Path]:
        options = self._setup.plugins
        beside = [options.config.parent / BESIDE_CONFIG] if options.config and options.third_party else []
        found = [*options.files, *(path for path in beside if path.is_file())]
        return list(dict.fromkeys(path.expanduser().resolve() for path in found))

    def _plugin(self, path: Path) -> str:
        """Where a worker finds a single-file plugin; the modules and benchmarks next to it go with it."""
        if self._shared:
            return str(path)
        folder = f"plugins/{hashlib.sha256(str(path.parent).encode()).hexdigest()[:8]}"
        for one in (path, *path.parent.iterdir()):
            if one == path or (one.suffix in BESIDE and one.is_file() and one.stat().st_size <= BESIDE_BYTES):
                self._files[f"{folder}/{one.name}"] = one
        return f"{JOB}/{folder}/{path.name}"

    def _request(self, request: RunRequest) -> RunRequest:
        """With paths that a worker can use."""
        root = request.data_root.absolute() if request.data_root else None
        changes: dict[str, object] = {"data_root": root, "out": self._setup.out.absolute(), "device": request.device}
        if request.tuned is not None:
            changes["tuned"] = self._input(request.tuned, "**/tuning.json")
        for field in ("weights", "artefacts"):
            changes[field] = tuple(map(self._named, getattr(request, field)))
        return request.model_copy(update=changes)

    def _named(self, text: str) -> str:
        """``NAME=FILE`` or ``FILE``, with the path that a worker can use."""
        name, equals, path = text.partition("=")
        if not equals or Path(text).expanduser().exists():
            return str(self._input(Path(text)))
        return f"{name}={self._input(Path(path))}"

    def _input(self, path: Path, pattern: str = "") -> Path:
        path = path.expanduser().absolute()
        if self._shared:
            return path
        folder = f"inputs/{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
        for one in path.glob(pattern) if pattern and path.is_dir() else [path]:
            self._files[f"{folder}/{one.relative_to(path.parent).as_posix()}"] = one
        return Path(f"{JOB}/{folder}/{path.name}")

    def _checkpoints(self, cell: Cell) -> Mapping[str, Path]:
        """What its training goes on from."""
        folder = cell.folder(self._setup.out) / CHECKPOINTS
        names = cell.folder(Path(OUT)) / CHECKPOINTS
        found = [path for path in folder.glob("*") if path.is_file() and not path.name.endswith(".tmp")]
        return {(names / path.name).as_posix(): path for path in found}

    def _features(self, cell: Cell) -> Mapping[str, Path]:
        """The cached features of its frozen encoder."""
        return dict(self._cached(cell)) if not cell.has_trained_encoder else {}

    def _cached(self, cell: Cell) -> Iterator[tuple[str, Path]]:
        root = self._setup.cache_dir / "features"
        encoder = self._setup.bench.encoders.frozen(cell)
        decoders = ["", *(NAMES if any(one.decode_jpeg == "device" for one in self._setup.requests) else ())]
        for role, decoder in product(get_args(Role), decoders):
            folder = Store(root, Identity.of(cell.key.encoder, encoder, role, decoder)).folder
            for path in sorted(folder.rglob("*")):
                if path.suffix in {".json", ".safetensors"} and path.is_file() and not path.name.startswith("."):
                    yield f"cache/features/{path.relative_to(root).as_posix()}", path


def without_files(job: Job) -> Job:
    """The job as it is sent to a worker, whose files travel by themselves."""
    return replace(job, files={})
