"""Where the data come from: one class for each kind of source, with its options.

Paths are as written in the spec; the loader resolves them against the spec's own folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Count = Annotated[int, Field(strict=True, ge=1)]
Paths = Annotated[tuple[str, ...], Field(min_length=1, max_length=2)]
Column = Annotated[str, Field(min_length=1, description="the name of a column")]
Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="a SHA-256: 64 digits, 0-9 and a-f")]

Pixels = Annotated[int, Field(strict=True, ge=1, le=10_000)]
Size = Annotated[tuple[Pixels, Pixels], Field(description="height and width in pixels, such as [100, 150]")]
Classes = Annotated[tuple[str, ...], Field(min_length=2, description="the names of two class folders or more")]
RandomState = Annotated[int, Field(strict=True, ge=0, lt=2**32)]
Channels = Literal["last", "first"]


def _known_encoding(name: str) -> str:
    """Refuse what Python cannot read texts by."""
    try:
        "a".encode(name)  # looks the name up, which it would not do for an empty text
    except (LookupError, ValueError) as error:  # ValueError: a NUL in the name
        raise ValueError("no text encoding") from error
    return name


Encoding = Annotated[
    str, Field(description="a text encoding, such as utf-8 or latin-1"), AfterValidator(_known_encoding)
]


class Source(BaseModel):
    """What every source has: frozen, no unknown options."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class TokenSource(Source):
    """Texts as word indices. Words from rank ``num_words`` on, and the ``skip_top`` commonest, become ``oov_char``."""

    source: Literal["imdb", "reuters"]
    num_words: Count | None = 10000
    skip_top: Annotated[int, Field(strict=True, ge=0)] = 0
    maxlen: Count | None = None


class ArraySource(Source):
    """Keras's data sets of plain arrays."""

    source: Literal["boston_housing", "mnist", "fashion_mnist", "cifar10"]


class CaliforniaSource(Source):
    """California housing: ``small`` is the first 600 rows in Keras's order."""

    source: Literal["california_housing"]
    version: Literal["large", "small"] = "large"


class Cifar100Source(Source):
    """CIFAR-100 with its 100 fine or 20 coarse classes."""

    source: Literal["cifar100"]
    label_mode: Literal["fine", "coarse"] = "fine"


class BundledSource(Source):
    """scikit-learn's bundled data sets: no network, no file."""

    source: Literal["breast_cancer", "wine", "iris", "digits", "diabetes", "linnerud"]


class GeneratedSource(Source):
    """scikit-learn's generators, with their own arguments: ``{source: make_moons, n_samples: 500, noise: 0.1}``."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)

    source: Literal[
        "make_blobs",
        "make_circles",
        "make_classification",
        "make_friedman1",
        "make_gaussian_quantiles",
        "make_moons",
        "make_multilabel_classification",
        "make_regression",
    ]
    random_state: RandomState = 0


class ReviewsSource(Source):
    """Film reviews that dlrun makes up: a few short sentences, of which a share says what it means by a negation."""

    source: Literal["make_reviews"]
    samples: Annotated[int, Field(strict=True, ge=2)] = 1000
    negation: Annotated[float, Field(strict=True, ge=0.0, le=1.0)] = 0.2
    random_state: RandomState = 0


class TextFolderSource(Source):
    """Text files, one folder a class, or ``train``, ``validation`` and ``test`` above these.

    ``classes`` left out means every class folder that there is. ``sha256`` is one digest of all names and contents.
    """

    source: Literal["text_folder"]
    path: str
    classes: Classes | None = None
    encoding: Encoding = "utf-8"
    sha256: tuple[Hash, ...] | None = None


class TableSource(Source):
    """A CSV file; the second of two paths is the provided test set. Only an autoencoder needs no ``target``.

    ``features`` left out means every column that is neither target nor id. ``text`` names a column of texts that is
    the input, alone. Without a header, columns are counted from 0 and named by that number.
    """

    source: Literal["csv"]
    path: Paths
    target: tuple[str, ...] = ()
    features: tuple[str, ...] | None = None
    text: Column | None = None
    ids: tuple[str, ...] = ()
    header: Annotated[bool, Field(strict=True)] = True
    separator: Annotated[str, Field(min_length=1, max_length=1)] = ","
    missing: tuple[str, ...] = ("", "NA", "NaN", "nan", "?")
    sha256: tuple[Hash, ...] | None = None


class ParquetSource(Source):
    """A Parquet file; the second of two paths is the provided test set."""

    source: Literal["parquet"]
    path: Paths
    target: tuple[str, ...] = ()
    features: tuple[str, ...] | None = None
    text: Column | None = None
    ids: tuple[str, ...] = ()
    sha256: tuple[Hash, ...] | None = None


class NpzSource(Source):
    """Arrays in one npz archive, by name; the second of two paths is the provided test set.

    ``channels: first`` says that images lie as (rows, channels, height, width) and video as (rows, channels, frames,
    height, width); either is read with the channels last. ``next_step`` takes the targets out of sequences (rows,
    steps, ...): the last step is to be forecast from those before.
    """

    source: Literal["npz"]
    path: Paths
    inputs: str = "x"
    targets: str = "y"
    channels: Channels = "last"
    next_step: Annotated[bool, Field(strict=True)] = False
    sha256: tuple[Hash, ...] | None = None


class NpySource(Source):
    """Inputs and targets in an npy file each; the inputs may be larger than memory.

    ``channels`` and ``next_step`` as in an archive; only with that, and for an autoencoder, there are no ``targets``.
    """

    source: Literal["npy"]
    path: str
    targets: str | None = None
    channels: Channels = "last"
    next_step: Annotated[bool, Field(strict=True)] = False
    sha256: tuple[Hash, ...] | None = None


class ImageFolderSource(Source):
    """Pictures (JPEG, PNG, GIF, BMP) in class folders, with or without ``train``, ``validation``, ``test`` above them.

    ``size`` is height and width; left out, all pictures must have one size already. ``classes`` left out means all
    class folders. ``on_bad`` says what becomes of files that cannot be read.
    """

    source: Literal["image_folder"]
    path: str
    size: Size | None = None
    colour: Literal["rgb", "grey"] = "rgb"
    classes: Classes | None = None
    on_bad: Literal["fail", "skip"] = "fail"
    sha256: Annotated[tuple[Hash, ...], Field(min_length=1, max_length=1)] | None = None


class Windows(Source):
    """A series cut into windows: ``lookback`` steps are the inputs, the target lies ``horizon`` steps after the last.

    ``predict: last`` is that one value, ``all`` the values at every step on the way. ``period`` is how many steps the
    series takes to come round; left out, it follows from the spacing of the times.
    """

    lookback: Count
    horizon: Count = 1
    stride: Count = 1
    predict: Literal["last", "all"] = "last"
    period: Annotated[int, Field(strict=True, ge=2)] | None = None

    @property
    def span(self) -> int:
        """Steps that one window covers, its target among them."""
        return self.lookback + self.horizon

    @property
    def gap(self) -> int:
        """How many windows have to be left out between two that share no step."""
        return -(-self.span // self.stride) - 1


class TimeseriesSource(Windows):
    """A series in a CSV or Parquet file (ending ``.parquet``), one step a row.

    ``features`` left out means every column but that of the times, the target among them. Without ``time`` the rows
    stand in the order of time, evenly spaced. ``holes: skip`` leaves out windows that would cross a hole in the times,
    ``allow`` takes the rows as they stand. ``fill: previous`` puts the value before for a missing one.
    """

    source: Literal["timeseries"]
    path: Annotated[tuple[str, ...], Field(min_length=1, max_length=1)]
    target: Annotated[tuple[str, ...], Field(min_length=1, max_length=1)]
    time: Annotated[str, Field(min_length=1)] | None = None
    features: tuple[str, ...] | None = None
    holes: Literal["skip", "allow"] = "skip"
    fill: Literal["previous"] | None = None
    header: Annotated[bool, Field(strict=True)] = True
    separator: Annotated[str, Field(min_length=1, max_length=1)] = ","
    missing: tuple[str, ...] = ("", "NA", "NaN", "nan", "?")
    sha256: tuple[Hash, ...] | None = None


class SeasonalSource(Windows):
    """A made-up hourly series: a day, a weekend, a slow rise, and noise that lasts some hours."""

    source: Literal["make_series"]
    steps: Annotated[int, Field(strict=True, ge=200, le=1_000_000)] = 4000
    lookback: Count = 48
    horizon: Count = 6
    random_state: RandomState = 0


class BallSource(Source):
    """Made-up video: a ball that flies straight and bounces off the walls; the last frame is to be forecast."""

    source: Literal["make_bouncing_ball"]
    videos: Annotated[int, Field(strict=True, ge=2, le=1_000_000)] = 600
    frames: Annotated[int, Field(strict=True, ge=2, le=1000)] = 6
    size: Annotated[int, Field(strict=True, ge=8, le=256)] = 16
    random_state: RandomState = 0


class ResponseSource(Source):
    """Made-up trials: the share of a group, 0..1, that responds to a dose, by dose, age, weight and form."""

    source: Literal["make_dose_response"]
    groups: Annotated[int, Field(strict=True, ge=10, le=1_000_000)] = 1000
    random_state: RandomState = 0


class PluginSource(Source):
    """A source that an installed package offers under the entry point group ``dlrun.datasets``."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)

    source: str

    @property
    def options(self) -> Mapping[str, Any]:
        """What the spec passes on to the plugin."""
        return dict(self.model_extra or {})


GENERATOR_OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "make_blobs": ("n_samples", "n_features", "centers", "cluster_std", "center_box", "shuffle"),
        "make_circles": ("n_samples", "shuffle", "noise", "factor"),
        "make_classification": (
            *("n_samples", "n_features", "n_informative", "n_redundant", "n_repeated", "n_classes"),
            *("n_clusters_per_class", "weights", "flip_y", "class_sep", "hypercube", "shift", "scale", "shuffle"),
        ),
        "make_friedman1": ("n_samples", "n_features", "noise"),
        "make_gaussian_quantiles": ("mean", "cov", "n_samples", "n_features", "n_classes", "shuffle"),
        "make_moons": ("n_samples", "shuffle", "noise"),
        "make_multilabel_classification": (
            *("n_samples", "n_features", "n_classes", "n_labels", "length", "allow_unlabeled"),
        ),
        "make_regression": (
            *("n_samples", "n_features", "n_informative", "n_targets", "bias", "effective_rank", "tail_strength"),
            *("noise", "shuffle"),
        ),
    }
)
"""What each generator takes from a spec: scikit-learn's own arguments, less those that change what it returns."""

DatasetSpec = (
    TokenSource
    | ArraySource
    | CaliforniaSource
    | Cifar100Source
    | BundledSource
    | GeneratedSource
    | ReviewsSource
    | TextFolderSource
    | TableSource
    | ParquetSource
    | NpzSource
    | NpySource
    | ImageFolderSource
    | TimeseriesSource
    | SeasonalSource
    | BallSource
    | ResponseSource
    | PluginSource
)

SOURCES: Mapping[str, type[Source]] = MappingProxyType(
    {
        name: source
        for source in get_args(DatasetSpec)
        if source is not PluginSource
        for name in get_args(source.model_fields["source"].annotation)
    }
)
"""Every built-in source by the name that a spec gives it."""


def options_of(name: str) -> dict[str, Any]:
    """Give the options of a built-in source with their defaults; ``required`` where there is none."""
    fields = {key: field for key, field in SOURCES[name].model_fields.items() if key != "source"}
    options = {key: "required" if field.is_required() else field.default for key, field in fields.items()}
    return {**dict.fromkeys(GENERATOR_OPTIONS.get(name, ()), "scikit-learn's"), **options}
