"""A small package named comet that stands in for unbabel-comet in a process of its own."""

from pathlib import Path

import pytest

GOOD = """
import subprocess  # Needs the standard library's select.
import selectors

def download_model(name):
    if name == "gated/model":
        raise KeyError(f"Model '{name}' not supported by COMET.")
    print("progress on standard output")
    return "/weights/" + name

class Model:
    def predict(self, pairs, batch_size, gpus, progress_bar):
        print("more of it")
        if pairs[0]["src"] == "die":
            import os, sys
            sys.stderr.write("CUDA out of memory\\n")
            sys.stderr.flush()
            os._exit(3)
        if pairs[0]["src"] == "raise":
            raise RuntimeError("too long\\nby far")
        if pairs[0]["src"] == "nan":
            return {"scores": [float("nan")]}
        return {"scores": [len(p["mt"]) / 100 for p in pairs]}

def load_from_checkpoint(path):
    return Model()
"""
TORCH = "class cuda:\n    is_available = staticmethod(lambda: False)\n"


def environment(folder: Path, monkeypatch: pytest.MonkeyPatch, comet: str) -> None:
    (folder / "comet").mkdir()
    (folder / "comet" / "__init__.py").write_text(comet)
    (folder / "torch.py").write_text(TORCH)
    monkeypatch.setenv("PYTHONPATH", str(folder))
