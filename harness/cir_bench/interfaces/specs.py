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
from cir_bench.interfaces.published import PublishedWeights
from cir_bench.params.models import MethodParams, NoParams, Params


@dataclass(frozen=True)
class Context:
    """Where a data set or an encoder finds its files on this machine."""

    data_root: Path | None
    """The folder with one folder per data set; None if the user named none."""
    cache_dir: Path
    """A folder for derived files."""
    dataset: str = ""
    """Name of the data set, for encoders that read files made for it."""
    seed: int = 0
    """The cell's seed, for encoders with random initial weights."""
    follow_links: bool = False
    """Whether the user allows symbolic links that lead out of the data set's folder (``--follow-links``)."""


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
    """Lower case letters, digits and hyphens; unique among the specs of its kind."""
    summary: str
    """One line for `cir-bench ls`."""
    implementation: str | type[Any]
    """``"package.module:Class"``, imported when it is used, or the class itself."""
    version: str = "1"
    """Raise it when the same parameters compute something else: finished cells become stale."""
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
    """Its path below the data set's folder, with ``/`` between folders."""
    url: str
    """http or https, of a pinned revision, so that its content never changes."""
    sha256: str
    """Of its content: 64 hex digits in lower case."""
    size: int
    """Bytes."""


@dataclass(frozen=True, kw_only=True)
class DatasetSpec(Spec):
    """A data set."""

    needs_root: bool = True
    """False for data sets that are generated or named by their path, which need no --data-root."""
    licence: str = "unknown"
    non_commercial: bool = False
    """True if the licence of ``files`` forbids commercial use: they are fetched only with --accept-licence."""
    homepage: str = ""
    citation: str = ""
    """BibTeX, or another citation that its authors ask for."""
    files: tuple[RemoteFile, ...] = ()
    """Freely available annotation files, which `cir-bench data fetch` downloads."""
    steps: tuple[str, ...] = ()
    """What the user must do to get the rest (images, files behind a form), step by step; ``{root}`` is the data set's
    folder."""
    submission: str | type[Any] | None = None
    """Its `Submission` (``"package.module:Class"`` or the class), if a server scores a hidden test set."""
    trains: bool = True
    """False if there are no training triplets (CIRCO): methods that learn are refused."""
    synthetic: bool = False
    """True if the images are rendered by a program; every number then says so."""
    publishable: bool = False
    """True if the licence allows anybody to publish the images; only then are they in a public report
    (``cir-bench report --public``)."""


@dataclass(frozen=True, kw_only=True)
class EncoderSpec(Spec):
    """An encoder. ``provides`` may depend on the parameters (a ResNet gives maps, a ViT tokens)."""

    provides: Provides | Callable[[Any], Provides] = field(default_factory=Provides)
    training_data: tuple[str, ...] = ()
    """What its weights were trained on, as the records of its cells declare it: ``("css/train",)``."""
    pixel_free: bool = False
    """True if images are represented by something other than pixels; every number then says so."""
    extra: str | None = None
    """The pip extra with its dependencies."""


@dataclass(frozen=True, kw_only=True)
class ComposerSpec(Spec):
    """A composer."""

    needs: Needs | Callable[[Any], Needs] = field(default_factory=Needs)


@dataclass(frozen=True, kw_only=True)
class LossSpec(Spec):
    """A loss."""


@dataclass(frozen=True, kw_only=True)
class ExecutorSpec(Spec):
    """Where the cells of a run are computed: ``cir-bench run --on NAME``."""

    extra: str | None = None
    """The pip extra with its dependencies."""


@dataclass(frozen=True, kw_only=True)
class TrackerSpec(Spec):
    """An experiment tracker that a run is sent to: ``cir-bench run --track-with NAME``."""

    extra: str | None = None
    """The pip extra with its dependencies."""


@dataclass(frozen=True, kw_only=True)
class MethodSpec(Spec):
    """A method. With ``loss``, its implementation is a composer, which other methods can use by the method's name."""

    params: type[MethodParams] = MethodParams
    loss: str | Mapping[str, Mapping[str, Any]] | Callable[[Any], Mapping[str, Mapping[str, Any]]] | None = None
    """For an implementation that is a composer: the loss it is trained with, by name, or several with their parameters
    (``{"batch-classification": {"learn_scale": False}}``; ``{}``: it is not trained), or a function of the method's
    parameters that returns them. None: the implementation is a `Method`."""
    needs: Needs | Callable[[Any], Needs] = field(default_factory=Needs)
    wraps: Callable[[Any], Mapping[str, Mapping[str, Any]]] | None = None
    """For a method around other plugins' composers (SADN): a function of its parameters that returns the composers it
    gets from its `BuildContext`, with their parameters. Their needs are added to its own, and their versions are
    ingredients of its cells."""
    kind: Literal["method", "baseline", "sentinel"] = "method"
    """sentinel: random or constant scores, listed below the ranking; must be at chance."""
    learns: bool = True
    """False if it has nothing of its own to train, so that it needs no training triplets on a frozen encoder. Sentinels
    never need any."""
    training_data: tuple[str, ...] = ()
    """What it was trained on apart from the benchmark's train split, as the records of its cells declare it."""
    paper: Paper | None = None
    published: PublishedWeights | None = None
    """How its authors save its weights, so that ``--weights FILE`` can read them; None: such files cannot be read."""
    card: str = ""
    """Markdown, or ``"package:FILE.md"`` for a file of the package: what it is, where the code has its equations, what
    the paper leaves open, known deviations."""
    recipes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Parameters on the paper track, by benchmark, or ``"*"`` for all of them."""
    controlled: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Parameters on the controlled track, by benchmark or ``"*"``: those chosen on held-out train triplets (a learning
    rate). The benchmark's budget overrides them, so that epochs and batch size are the same for all methods."""
    paper_encoder: str | None = None
    """The encoder of the paper track, for example ``"openclip:RN50x4"``; None: no paper track."""
    encoder_recipes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Parameters of ``paper_encoder`` on the paper track, by benchmark, or ``"*"`` for all of them."""

    sources: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Where the values of the paper track come from, by benchmark or ``"*"``: ``{"training.lr": "paper, 4.1"}``, or
    ``released`` or ``chosen``. The encoder's keys begin with ``encoder.``; a key speaks for those below it."""

    @property
    def composer(self) -> ComposerSpec | None:
        """The composer that the implementation is; None when it is a `Method`."""
        if self.loss is None:
            return None
        shared = {field.name: getattr(self, field.name) for field in fields(ComposerSpec)}
        return ComposerSpec(**shared)
