"""What the hooks return: light descriptions of objects. Imports no torch.

``implementation`` is the class, or ``"package.module:Class"``: then it is imported when it is first used, so that a
plugin can be listed without importing torch. Every kind is constructed as ``Class(params, context)`` with its validated
params model. The context of a data set or an encoder is a :class:`Context`, that of a composer, a loss or a method a
:class:`~cir_bench.interfaces.build.BuildContext`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from cir_bench.interfaces.levels import Needs, Provides
from cir_bench.params.models import MethodParams, NoParams, Params


@dataclass(frozen=True)
class Context:
    """Where a dataset or an encoder finds things on this machine."""

    data_root: Path | None
    """Holds one folder per data set; None when the user named none."""
    cache_dir: Path
    """Where derived files may be kept."""
    dataset: str = ""
    """Name of the data set (for encoders that read files made for it)."""
    seed: int = 0
    """The cell's seed, for encoders with random initial weights."""


@dataclass(frozen=True)
class Paper:
    """Where a method comes from."""

    title: str
    venue: str
    """For example "CVPR 2019"."""
    authors: str = ""
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What all specs share."""

    name: str
    """Lower case letters, digits, hyphens; unique among specs of its kind."""
    summary: str
    """One line for `cir-bench ls`."""
    implementation: str | type[Any]
    """``"package.module:Class"``, imported when it is used, or the class itself."""
    version: str = "1"
    """Raise it when the same parameters now compute something else: finished cells become stale."""
    params: type[Params] = NoParams
    """The model of its parameters."""

    @property
    def class_path(self) -> str:
        """The implementation as ``"package.module:Class"``."""
        found = self.implementation
        return found if isinstance(found, str) else f"{found.__module__}:{found.__qualname__}"


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """A file that `cir-bench data fetch` downloads into ``<data root>/<data set>/``."""

    path: str
    """Where it belongs below the data set's folder, with ``/`` between folders."""
    url: str
    """http or https, of a pinned revision: the same bytes for ever."""
    sha256: str
    """Of its content, 64 hex digits in lower case."""
    size: int
    """Bytes."""


@dataclass(frozen=True, kw_only=True)
class DatasetSpec(Spec):
    """A data set."""

    needs_root: bool = True
    """False for data sets that are generated or named by their path: no --data-root is asked for."""
    licence: str = "unknown"
    non_commercial: bool = False
    """True when the licence of ``files`` forbids commercial use: they are fetched with --accept-licence only."""
    homepage: str = ""
    citation: str = ""
    """BibTeX, or whatever its authors ask to be cited by."""
    files: tuple[RemoteFile, ...] = ()
    """What `cir-bench data fetch` downloads: annotation files that anybody may download."""
    steps: tuple[str, ...] = ()
    """What a person must do for the rest (images, files behind a form), one step each; ``{root}`` stands for the data
    set's folder."""
    submission: str | type[Any] | None = None
    """Its `Submission` (``"package.module:Class"`` or the class), where a server scores a hidden test set."""
    trains: bool = True
    """False: there are no training triplets (CIRCO); methods that learn are refused, others run."""
    synthetic: bool = False
    """True when the images are rendered by a program; every number then says so."""
    publishable: bool = False
    """True when the licence lets anybody publish the images. Of the others no picture is in a report that is made to be
    published (``cir-bench report --public``)."""


@dataclass(frozen=True, kw_only=True)
class EncoderSpec(Spec):
    """An encoder. ``provides`` may depend on the parameters (a ResNet gives maps, a ViT tokens)."""

    provides: Provides | Callable[[Any], Provides] = field(default_factory=Provides)
    pixel_free: bool = False
    """True when images are represented by something else than pixels; every number then says so."""
    extra: str | None = None
    """The pip extra that brings its dependencies."""


@dataclass(frozen=True, kw_only=True)
class ComposerSpec(Spec):
    """A composer."""

    needs: Needs | Callable[[Any], Needs] = field(default_factory=Needs)


@dataclass(frozen=True, kw_only=True)
class LossSpec(Spec):
    """A loss."""


@dataclass(frozen=True, kw_only=True)
class MethodSpec(Spec):
    """A method. With ``loss``, its implementation is a composer, which other methods can use by the method's name."""

    params: type[MethodParams] = MethodParams
    loss: str | Mapping[str, Mapping[str, Any]] | None = None
    """For an implementation that is a composer: the loss it is trained with, by name, or several with their parameters
    (``{"batch-classification": {"learn_scale": False}}``; ``{}``: it is not trained). None: the implementation is a
    `Method`."""
    needs: Needs | Callable[[Any], Needs] = field(default_factory=Needs)
    wraps: Callable[[Any], Mapping[str, Mapping[str, Any]]] | None = None
    """Of a wrapper (SADN): by its parameters, names and parameters of the composers that it asks `BuildContext` for
    without knowing them. Their needs are added to its own, and their versions are ingredients of its cells."""
    kind: Literal["method", "baseline", "sentinel"] = "method"
    """sentinel: random or constant scores, always at the bottom of a leaderboard and at chance."""
    learns: bool = True
    """False: it has nothing of its own to train, so that on a frozen encoder it needs no training triplets. A sentinel
    never needs any."""
    paper: Paper | None = None
    card: str = ""
    """Markdown, or ``"package:FILE.md"`` that ships with the package: what it is, equations and code, what the paper
    leaves open, known deviations."""
    recipes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Parameter overrides of the paper track: key ``"*"`` for every benchmark, or a benchmark's name."""
    controlled: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Parameter overrides of the controlled track, by benchmark: what was chosen on its held-out train triplets (a
    learning rate, a dropout). The benchmark's budget is laid on top, so epochs and batch size are the same for all."""
    paper_encoder: str | None = None
    """The encoder of the paper track, e.g. ``"openclip:RN50x4"``; None: no paper track."""
    encoder_recipes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Parameters of ``paper_encoder`` on the paper track: key ``"*"`` for every benchmark, or a benchmark's name."""

    @property
    def composer(self) -> ComposerSpec | None:
        """The composer that the implementation is; None when it is a `Method`."""
        if self.loss is None:
            return None
        shared = {field.name: getattr(self, field.name) for field in fields(ComposerSpec)}
        return ComposerSpec(**shared)

    @property
    def losses(self) -> Mapping[str, Mapping[str, Any]]:
        """The parameters of each loss that the composer is trained with, by name."""
        return {self.loss: {}} if isinstance(self.loss, str) else self.loss or {}
