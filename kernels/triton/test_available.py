"""The reason why Triton cannot be used, and what importing the package costs."""

import subprocess
import sys

import pytest
import torch

import kernels.triton
from kernels.triton import available


def test_reason_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels.triton, "find_spec", lambda name: None)
    assert str(available()).startswith("triton-absent: ")
    monkeypatch.setattr(kernels.triton, "find_spec", lambda name: name)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert str(available()).startswith("cuda-absent: ")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert available() is None


def test_importing_the_package_imports_no_triton() -> None:
    code = "import sys, kernels.triton; sys.exit('triton' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
