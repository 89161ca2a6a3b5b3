from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping

import pytest

from dlrun.errors import SpecError, UsageError
from dlrun.registry import check_call, instantiate, load, plugin_datasets, read_entry, registry

Install = Callable[[str, Mapping[str, str], str], None]

LAYER = '''
class Wave:
    """A layer that waves.

    More of it.
    """

    def __init__(self, height, speed=2.0, kernel_initializer="zeros", name=None, **kwargs):
        self.given = (height, speed)

    def call(self, left, right, training=False):
        return left


def ripple(x, strength=1.0):
    """Ripple."""
    return x
'''


def test_a_plugin_is_listed_without_being_imported(install: Install) -> None:
    install("waves", {"dlrun.layers: Wave": "waves_code:Wave"}, LAYER)

    entry = registry("layers")["Wave"]

    assert (entry.origin, entry.reference, entry.summary) == (
        "waves",
        "waves_code:Wave",
        "signature known after import",
    )
    assert not entry.known
    assert "waves_code" not in sys.modules


def test_a_plugin_that_is_used_is_read_from_its_class(install: Install) -> None:
    install("waves", {"dlrun.layers: Wave": "waves_code:Wave"}, LAYER)

    entry = read_entry(registry("layers")["Wave"])

    assert [item.name for item in entry.parameters] == ["height", "speed", "kernel_initializer", "trainable", "dtype"]
    assert entry.inputs == ("left", "right")
    assert entry.summary == "A layer that waves"
    assert entry.known


def test_a_plugins_arguments_are_checked_like_keras_own(install: Install) -> None:
    install("waves", {"dlrun.layers: Wave": "waves_code:Wave"}, LAYER)

    problems = check_call("layers", "wave", {"hieght": 3, "kernel_initialiser": "zeroes"}, ("layers", 0))

    assert [(problem.path[-1], problem.message) for problem in problems] == [
        ("hieght", "'Wave' has no argument 'hieght'; did you mean 'height'?"),
        ("kernel_initialiser", "unknown initialiser 'zeroes'; did you mean 'Zeros'?"),
    ]


def test_a_plugin_is_built_with_its_arguments_lists_as_tuples(install: Install) -> None:
    install("waves", {"dlrun.layers: Wave": "waves_code:Wave"}, LAYER)

    wave = instantiate("layers", "Wave", {"height": [3, [4, 5]], "speed": 1})

    assert wave.given == ((3, (4, 5)), 1)


def test_an_activation_of_a_plugin_is_its_function(install: Install) -> None:
    install("waves", {"dlrun.activations: ripple": "waves_code:ripple"}, LAYER)

    assert instantiate("activations", "ripple")(5) == 5
    with pytest.raises(SpecError, match="with arguments a model could not be saved"):
        instantiate("activations", "ripple", {"strength": 2.0})


@pytest.mark.parametrize("name", ["Dense", "dense", "Convolution2D", "batch_normalisation"])
def test_a_plugin_with_a_built_in_name_is_refused_and_its_package_named(install: Install, name: str) -> None:
    install("waves", {f"dlrun.layers: {name}": "waves_code:Wave"}, LAYER)

    with pytest.raises(UsageError, match=f"package 'waves' brings '{name}' for the layers, which is a built-in name"):
        registry("layers")


def test_two_packages_with_one_name_are_refused_and_both_named(install: Install) -> None:
    install("waves", {"dlrun.layers: Wave": "waves_code:Wave"}, LAYER)
    install("tides", {"dlrun.layers: wave": "tides_code:Wave"}, LAYER)

    with pytest.raises(UsageError, match=r"package 'tides' brings 'wave' .* also given by package 'waves'"):
        registry("layers")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("Wave = ", "SyntaxError"),
        ("", "AttributeError"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_is_an_error_that_names_its_package(
    install: Install, code: str, reason: str
) -> None:
    install("waves", {"dlrun.layers: Wave": "waves_code:Wave"}, code)

    with pytest.raises(UsageError, match=f"'Wave' of package 'waves' cannot be loaded from .*{reason}"):
        check_call("layers", "Wave", {})


@pytest.mark.parametrize("code", ["Wave = 3", "class Wave: pass"])
def test_a_plugin_that_is_no_layer_is_an_error_that_names_its_package(install: Install, code: str) -> None:
    install("waves", {"dlrun.layers: Wave": "waves_code:Wave"}, code)

    with pytest.raises(UsageError, match="'Wave' of package 'waves' cannot serve as one of the layers"):
        check_call("layers", "Wave", {})


def test_a_value_that_a_plugins_constructor_refuses_is_a_problem_of_the_spec(install: Install) -> None:
    code = "class Wave:\n    def __init__(self, height): raise OSError('too high')\n    def call(self, x): pass\n"
    install("waves", {"dlrun.layers: Wave": "waves_code:Wave"}, code)

    with pytest.raises(SpecError, match=r"layers\[2\]: waves refuses 'Wave': too high"):
        instantiate("layers", "Wave", {"height": 3}, ("layers", 2))


def test_data_sets_of_plugins_are_listed_with_their_package(install: Install) -> None:
    install("waves", {"dlrun.datasets: tides": "waves_code:ripple"}, LAYER)

    entry = plugin_datasets()["tides"]

    assert (entry.kind, entry.origin) == ("datasets", "waves")
    assert load(entry)(7) == 7


def test_a_data_set_of_a_plugin_is_listed_and_read_only_where_it_is_asked_for(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    from dlrun.cli.main import app

    install("waves", {"dlrun.datasets: tides": "waves_code:ripple"}, LAYER)
    told = []
    for name in ([], ["tides"]):
        with pytest.raises(SystemExit):
            app(["list", "datasets", *name, "--json"])
        told.append(json.loads(capsys.readouterr().out)["datasets"])
        assert ("waves_code" in sys.modules) == bool(name)

    every, (one,) = told
    assert {row["name"]: row["origin"] for row in every}["tides"] == "waves"
    assert (one["summary"], one["arguments"]) == ("Ripple", {"x": "required", "strength": 1.0})


def test_without_plugins_there_are_no_data_sets(install: Install) -> None:
    install("empty", {}, "")

    assert "tides" not in plugin_datasets()
