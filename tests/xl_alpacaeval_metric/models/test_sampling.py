"""Sampling, held against what a backend takes before anything is loaded."""

from typing import Any

import pytest

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.models import sampling


@pytest.mark.parametrize("backend", ["hf", "auto", "vllm", "local-chat-completions"])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"temperature": "hot"}, "temperature=hot: need a number from 0 to 100"),
        ({"temperature": float("nan")}, "temperature=nan: need a number"),
        ({"temperature": True}, "temperature=True: need a number"),
        ({"do_sample": 1}, "do_sample=1: need true or false"),
        ({"do_sample": True, "temperature": 1, "top_p": 3}, "top_p=3: need a number from 0 to 1"),
        ({"do_sample": True, "temperature": 1, "top_k": 1.5}, "top_k=1.5: need a whole number from"),
        ({"max_tokens": 8}, "max_tokens: --max-tokens says that here"),
        ({"n": 2}, "n=2: need 1"),
    ],
)
def test_a_value_of_another_type_is_refused_for_each_backend(
    backend: str, given: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "_known", lambda _: frozenset())
    with pytest.raises(UserError) as caught:
        sampling.check(backend, given)

    assert str(caught.value).startswith(f"--generation-kwargs {message}")


@pytest.mark.parametrize("backend", ["hf", "auto"])
def test_a_name_that_transformers_does_not_have_is_refused(backend: str) -> None:
    with pytest.raises(UserError, match=r"tempature is unknown to .*hf.*; did you mean temperature"):
        sampling.check(backend, {"tempature": 1})
    with pytest.raises(UserError, match=r"qqq is unknown to .*; there are do_sample, temperature, top_p"):
        sampling.check(backend, {"qqq": 1})


def test_every_setting_of_transformers_is_known() -> None:
    from transformers import GenerationConfig

    names = {name for name in GenerationConfig().to_dict() if not name.startswith("_")}
    assert len(names) > 40
    assert names <= sampling._known("hf")


def test_what_only_vllm_takes_goes_while_the_backend_is_open() -> None:
    sampling.check("auto", {"seed": 1, "do_sample": True, "temperature": 0.7})
    with pytest.raises(UserError, match="seed is unknown to --backend hf"):
        sampling.check("hf", {"seed": 1})


@pytest.mark.parametrize("backend", ["hf", "vllm"])
def test_sampling_that_would_change_nothing_is_refused(backend: str) -> None:
    for given in ({"temperature": 0.7}, {"top_p": 0.9, "do_sample": False}):
        with pytest.raises(UserError, match="changes nothing without do_sample=true; give both"):
            sampling.check(backend, given)
    with pytest.raises(UserError, match="do_sample=true needs a temperature above 0"):
        sampling.check(backend, {"do_sample": True})
    sampling.check(backend, {"temperature": 0.0, "top_p": 1.0, "repetition_penalty": 1.1})
    sampling.check(backend, {"do_sample": True, "temperature": 0.7, "top_p": 0.9, "top_k": 20})


def test_a_server_takes_settings_of_its_own() -> None:
    sampling.check("local-chat-completions", {"temperature": 0.7, "guided_choice": "a", "max_completion_tokens": 9})
