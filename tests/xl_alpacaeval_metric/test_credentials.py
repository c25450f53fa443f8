import pytest

from xl_alpacaeval_metric import credentials
from xl_alpacaeval_metric.errors import UserError


@pytest.mark.parametrize(
    "name",
    [
        "api_key",
        "apikey",
        "API_KEY",
        "openai_api_key",
        "OPENAI-API-KEY",
        "x-api-key",
        "hfToken",
        "hf_token",
        "token",
        "auth_token",
        "use_auth_token",
        "password",
        "db_passwd",
        "client_secret",
        "aws_secret_access_key",
        "authorization",
        "auth",
        "openaiApiKey",
        "AZURE_OPENAI_KEY",
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert credentials.is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "max_tokens",
        "eos_token",
        "think_end_token",
        "tokenizer",
        "kv_cache_dtype",
        "keyboard",
        "num_key_value_heads",
        "dtype",
        "author",
        "trust_remote_code",
        "base_url",
        "timeout",
        "add_bos_token",
        "prefix_token_id",
    ],
)
def test_names_of_other_settings(name: str) -> None:
    assert not credentials.is_secret_name(name)


@pytest.mark.parametrize(
    "value",
    [
        "http://user:pw@host/v1",
        "https://token@host/v1",
        "http://host/v1?api-key=abc",
        "http://host/v1/chat/completions?code=abc&api-version=1",
        {"headers": {"X-Api-Key": "abc"}},
        ["a", "Authorization: Bearer abc-123"],
        "sk-proj-abcdefghijklmnopqrstuvwxyz",
        "the-key-of-this-environment",
    ],
)
def test_values_that_hold_secrets(value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "the-key-of-this-environment")
    with pytest.raises(UserError, match=r"--model-args x holds a secret"):
        credentials.refuse({"x": value}, "--model-args")


@pytest.mark.parametrize(
    "value",
    ["http://host:8000/v1", "https://host/v1?api-version=2024-06-01", "meta/Llama-3", 7, True, "Basic understanding"],
)
def test_other_values(value: object) -> None:
    credentials.refuse({"x": value}, "--model-args")


def test_a_log_line_is_kept_without_its_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_PROVIDER_API_KEY", "a.plain.value.of.somebody")
    line = (
        "RequestInfo(URL('http://me:pass-word@host/v1?api-key=in-the-query&n=1'), {'Authorization': 'Bearer sk-SECRET-1', "
        "'x-api-key': 'k-2'}) a.plain.value.of.somebody max_tokens=5"
    )
    shown = credentials.redact(line)
    for secret in ("me:pass", "pass-word", "in-the-query", "SECRET-1", "k-2", "somebody"):
        assert secret not in shown
    assert all(kept in shown for kept in ("host/v1", "n=1", "max_tokens=5"))
