"""Heavy libraries are imported late and named when absent; a torchvision without its operators is mended."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

from noiselaw.errors import MissingDependency
from noiselaw.optional import require


def python(code, *more):
    done = subprocess.run([sys.executable, *more, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_what_is_absent_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(MissingDependency, match=r'Images needs torchvision, .*: pip install "noiselaw\[images\]"'):
        require("torchvision", "Images")


def fake(folder, text):
    """Put a torchvision into ``folder`` whose import does what ``text`` says."""
    (folder / "torchvision").mkdir()
    (folder / "torchvision/__init__.py").write_text(text)
    return f"import sys; sys.path.insert(0, {str(folder)!r})\nfrom noiselaw.optional import mend_torchvision, require\n"


def test_operators_that_were_not_loaded_are_declared_and_only_then(tmp_path):
    pytest.importorskip("torch")
    describes = "import torch\n@torch.library.register_fake('torchvision::nms')\ndef f(*given): return given[0]\n"
    setup = fake(tmp_path, describes + "@torch.library.register_fake('torchvision::qnms')\ndef g(*given): ...\n")
    told = python(setup + "mend_torchvision(); import torch, torchvision; print(torch.ops.torchvision.nms.default)")
    assert told == "torchvision.nms.default"


def test_a_torchvision_that_works_is_left_alone(tmp_path):
    setup = fake(tmp_path, "whole = True\n")
    told = "mend_torchvision(); import torchvision; from noiselaw import optional; print(optional._DECLARED)"
    assert python(setup + told) == "[]"


def test_another_failure_of_torchvision_is_told(tmp_path):
    setup = fake(tmp_path, "raise RuntimeError('another version of torch')\n")
    code = setup + "try:\n    require('torchvision', 'Images')\nexcept RuntimeError as error:\n    print(error)"
    assert python(code) == "another version of torch"


@pytest.mark.parametrize("name", ["scvi", "transformers", "torchvision"])
def test_what_sees_torchvision_can_be_imported_beside_it(name):
    if find_spec(name) is None:
        pytest.skip(f"{name} is absent")
    told = f"from noiselaw.optional import require; print(require({name!r}, 'This').__name__)"
    attributes = "; print(require('transformers', 'This').BertModel.__name__)" if name == "transformers" else ""
    assert python(told + attributes).startswith(name)
