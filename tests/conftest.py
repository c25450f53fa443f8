"""Fixtures that several test files share."""

import signal
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XL_JUDGE", "XL_REFERENCE", "XL_BENCHMARK_PATH", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True, scope="session")
def ctrl_c_interrupts() -> None:
    """A process started in a shell's background ignores Ctrl-C, and so would every process that the tests start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """SmolLM2-135M-Instruct as a model folder: the real model the demo uses."""
    from xl_alpacaeval_metric import embedded

    return embedded.model_folder()
