"""Fixtures that several test files share."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XL_JUDGE", "XL_REFERENCE", "XL_BENCHMARK_PATH", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """SmolLM2-135M-Instruct as a model folder: the real model the demo uses."""
    from xl_alpacaeval_metric import embedded

    return embedded.model_folder()
