from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import Literal

import pytest

from noiselaw import registry
from noiselaw.errors import MissingDependency, UsageError, nearest
from noiselaw.optional import require
from noiselaw.registry import Registry, checked, options_of


class Model:
    pass


@dataclass(frozen=True)
class Linear(Model):
    dims: int = 16
    flavor: Literal["a", "b"] = "a"
    missing: tuple[str, ...] = ()


MODELS = Registry("model", "noiselaw.tests", {"linear": Linear})


def test_a_table_becomes_the_object_and_back():
    made = MODELS.build("linear", {"dims": 8, "missing": ["x"]})
    assert made == Linear(8, missing=("x",))
    assert MODELS.describe(made) == {"kind": "linear", "dims": 8, "missing": ("x",)}
    assert options_of(made, all_options=True)["flavor"] == "a"
    assert MODELS.label(made) == "linear(dims=8, missing=('x',))"
    assert MODELS.label(Linear()) == "linear"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dim": 8}, "The model 'linear' has no option 'dim'. Nearest: dims"),
        ({"dims": "many"}, "dims: .*integer.*got 'many'"),
        ({"flavor": "c"}, "flavor: .*'a' or 'b'.*got 'c'"),
    ],
)
def test_what_cannot_be_meant_names_the_option(options, message):
    with pytest.raises(UsageError, match=message):
        MODELS.build("linear", options)


def test_an_unknown_name_names_the_nearest():
    with pytest.raises(UsageError, match="no model called 'liner'. Nearest: linear"):
        MODELS.get("liner")


def test_an_installed_package_adds_a_strategy_but_cannot_replace_one(monkeypatch):
    points = [
        EntryPoint("theirs", "noiselaw.sweep.split:make_split", "noiselaw.tests"),
        EntryPoint("linear", "os:getcwd", "noiselaw.tests"),
    ]
    monkeypatch.setattr(registry, "_announced", lambda group, path: points if group == "noiselaw.tests" else [])
    assert MODELS.names() == ["linear", "theirs"]
    assert MODELS.get("theirs").__name__ == "make_split"
    assert MODELS.get("linear") is Linear


def test_an_option_of_something_without_options():
    @dataclass(frozen=True)
    class Bare:
        pass

    with pytest.raises(UsageError, match="has no option 'x'. It has no options"):
        checked(Bare, {"x": 1}, "This")


def test_nearest_says_what_there_is():
    assert nearest("celltype", ["cell_type", "batch"]) == "Nearest: cell_type."
    assert nearest("CELL", ["cell"]) == "Nearest: cell."
    assert nearest("zzz", ["a", "b"]) == "There are: a, b."
    assert nearest("x", []) == "There is none to choose from."
    assert nearest("zzz", [str(i) for i in range(20)]).endswith("11, ….")


def test_an_absent_library_says_how_to_install_it(monkeypatch):
    with pytest.raises(MissingDependency, match="Drawing needs nosuchlibrary, .*pip install nosuchlibrary"):
        require("nosuchlibrary", "Drawing")
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(MissingDependency, match=r'pip install "noiselaw\[torch\]"'):
        require("torch", "Training")
