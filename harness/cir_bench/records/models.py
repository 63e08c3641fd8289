"""What a `RunRecord` consists of: facts about the method, the encoder, the data and the run. Scores are in percent."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from cir_bench.interfaces.levels import Examples


class RecordModel(BaseModel):
    """Base of everything in a record. Keys that a newer minor version adds are ignored, not refused.

    A median rank may be infinite: JSON has no such number, so it is written as a string and read back as a float.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, ser_json_inf_nan="strings")


class PluginFacts(RecordModel):
    """Where an object comes from."""

    distribution: str
    version: str
    object_version: str
    """The spec's own version."""


class MethodFacts(RecordModel):
    """The method."""

    kind: Literal["method", "baseline", "sentinel"]
    summary: str
    plugin: PluginFacts
    parameters: int = 0
    """Learned numbers of the method, without the encoder."""
    trained_parameters: int = 0
    """Numbers changed by training, the encoder's included when it is trained."""


class EncoderFacts(RecordModel):
    """The encoder."""

    plugin: PluginFacts
    weights_digest: str = ""
    preprocess: str = ""
    dtype: str = "float32"
    trained: bool = False
    """True when the cell trained the encoder; false: frozen features."""
    pretrained: bool = True
    """False when its weights are drawn from the cell's seed, so that digests differ between seeds by nature."""
    pixel_free: bool = False
    facts: dict[str, str] = Field(default_factory=dict)
    """What the encoder says of itself: where its weights come from, what it decided."""
    decoders: dict[str, str] = Field(default_factory=dict)
    """By split, what decoded JPEG files, if not Pillow."""
    cut_texts: dict[str, int] = Field(default_factory=dict)
    """Texts that are longer than the encoder reads and lost their end, of ``evaluation`` and ``training``."""
    cut_images: dict[str, int] = Field(default_factory=dict)
    """Images whose captions did, if the encoder reads captions."""


class DatasetFacts(RecordModel):
    """The data."""

    name: str
    plugin: PluginFacts
    synthetic: bool = False
    licence: str = "unknown"
    missing_images: int = 0
    """More than 0: the run is *partial*."""
    missing_triplets: int = 0
    """Training triplets left out because an image is missing."""
    problems: tuple[str, ...] = ()
    """What is wrong with the annotations that the cell reads, in sentences; with any, the run is *partial*."""
    n_train: int = 0
    examples: Examples = "triplets"
    """What ``n_train`` counts: a zero-shot method learns from images or texts alone."""
    provenance: dict[str, str] = Field(default_factory=dict)


class ProtocolFacts(RecordModel):
    """The protocol in short; the whole of it is behind its hash."""

    hash: str
    reference: Literal["kept", "removed"]
    gallery: str
    query_text: str
    description: str = ""


class EpochLog(RecordModel):
    """One epoch of one stage."""

    stage: str
    epoch: int
    terms: dict[str, float]
    """Mean of each loss term over the epoch."""
    selection: float | None = None
    """The held-out score in percent, where one was taken after this epoch."""
    seconds: float
    images_per_second: float = 0.0
    shares: dict[str, float] = {}
    """Of the gradient by loss term, at the epoch's first batch: the norm of a term's weighted gradient with respect to
    the method's own parameters, over the sum of all terms' norms. Empty where there is one term."""


class LimitFacts(RecordModel):
    """A quick look (``--limit``): a few queries, against galleries of what these queries name and some other images.

    What is trained is trained on a few examples. Its numbers are not those of the protocol, and are never ranked or
    compared.
    """

    queries: int
    """How many were asked for, over all parts."""
    images_per_query: int
    """Size of a gallery for each of its queries, unless they name more images."""
    examples_per_query: int
    """The most training examples for each query."""
    of_queries: dict[str, int] = Field(default_factory=dict)
    """By part, how many the protocol has."""
    of_gallery: dict[str, int] = Field(default_factory=dict)
    """By part, how many images its gallery has."""
    of_examples: int = 0
    """How many triplets there are to train on; 0 if none are, or if they are drawn."""


class SelectionFacts(RecordModel):
    """How the checkpoint was chosen."""

    on: Literal["held-out", "last", "test", "nothing to train"]
    metric: str = ""
    n_queries: int = 0
    n_gallery: int = 0
    epoch: int | None = None
    """Epochs finished in the last stage when the chosen checkpoint was taken."""
    score: float | None = None


class TuningFacts(RecordModel):
    """How the method's parameters were tuned: on held-out train triplets, with this budget."""

    trials: int
    epochs: int
    """Of every trial."""
    seed: int = 0
    """Of the search."""
    score: float | None = None
    """The best held-out score, in percent."""
    digest: str = ""
    """Of the whole tuning (`cir_bench.records.tuning`)."""


class WeightsFacts(RecordModel):
    """The file of published weights that the method was evaluated with, instead of being trained."""

    file: str
    """Its name."""
    sha256: str
    """Of its bytes."""
    entry: str = ""
    """The key of the file that held the weights; empty: the file is a state dict."""
    caution: str = ""
    """What the file says of its weights, or else what the method says of those that its authors publish, such as how
    they were chosen."""
    training_data: tuple[str, ...] = ()
    """What the file says that they were trained on."""


class ArtefactFacts(RecordModel):
    """The texts, made elsewhere, that the method read in place of the modification texts, and where they are from."""

    name: str
    file: str
    """Its name."""
    sha256: str
    """Of its bytes."""
    per: Literal["query", "image"]
    """Whether there is a text for each query, or for each reference image."""
    model: str
    prompt: str
    date: str
    """When the texts were made, YYYY-MM-DD."""
    licence: str
    source: str = ""
    texts: int
    """How many there are."""


class RerankFacts(RecordModel):
    """The second stage, which rescored the best candidates of the method's composer."""

    k: int = Field(ge=1)
    """How many of each query, at most."""
    beyond: tuple[str, ...] = ()
    """The protocol's metrics with a cut-off above k, which look at candidates in the order of the first stage."""

    def __str__(self) -> str:
        beyond = f"; {', '.join(self.beyond)} beyond them in the order of the first stage" if self.beyond else ""
        return f"best {self.k} rescored{beyond}"


class Failure(RecordModel):
    """Why a cell did not run."""

    plugin: str
    version: str
    stage: str
    exception: str
    hint: str = ""
    passing: bool = False
    """Whether it is the machine's, such as a full disk: the next run tries again."""
