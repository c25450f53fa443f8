"""Addresses and keys of endpoints: checked, sent, and never shown."""

import logging
from contextlib import closing

import pytest

from tests.servers.judge import Behaviour, JudgeServer
from tests.xl_alpacaeval_metric.clients.endpoint_client import KEY, asks
from xl_alpacaeval_metric.clients.openai.client import OpenAIClient
from xl_alpacaeval_metric.clients.openai.endpoint import Endpoint
from xl_alpacaeval_metric.clients.openai.probe import PROBE
from xl_alpacaeval_metric.errors import ModelUnavailable


@pytest.mark.parametrize("address", ["localhost:8000/v1", "ftp://host/v1", "http://", "http://host:port/v1"])
def test_a_wrong_address_is_told_at_once(address: str) -> None:
    with pytest.raises(ModelUnavailable, match="not an address such as"):
        OpenAIClient("m", base_url=address)


def test_needs_a_key_or_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelUnavailable, match="OPENAI_API_KEY"):
        OpenAIClient("m")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1/")
    assert OpenAIClient("m").identity["endpoint"] == "http://127.0.0.1:1/v1"
    monkeypatch.setenv("OPENAI_API_KEY", "sk-\u00e9\u00e9\u00e9")
    with pytest.raises(ModelUnavailable, match="characters that no key has"):
        OpenAIClient("m")


def test_secrets_are_sent_and_never_shown(server: JudgeServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    address = server.url.replace("http://", "http://someone:p4ssw0rd@") + "?token=t0ken-value&api-version=1"
    with closing(OpenAIClient("m", base_url=address, api_key=KEY)) as client:
        list(client.complete(asks(2)))
        assert "token=t0ken-value" in server.seen.last_path
        assert server.seen.last_headers["authorization"] == "Basic c29tZW9uZTpwNHNzdzByZA=="
        server.behaviour = Behaviour(key="another")
        with pytest.raises(ModelUnavailable, match="401") as caught:
            client.preflight()
        shown = f"{client.spec} {client.identity} {client!r} {client._endpoint!r} {caught.value} {caplog.text}"
    assert client.identity["endpoint"] == server.url
    for secret in (KEY, "p4ssw0rd", "t0ken-value", "c29tZW9uZTpwNHNzdzByZA"):
        assert secret not in shown


def test_the_key_is_sent(server: JudgeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.behaviour = Behaviour(key=KEY)
    monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}\n")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    with closing(OpenAIClient("m")) as client:
        client.preflight()
        assert server.seen.last_body["messages"] == [dict(message) for message in PROBE.messages]


def test_an_address_or_header_that_http_cannot_carry_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelUnavailable, match="is not an address"):
        OpenAIClient("m", base_url="http://..../v1")
    monkeypatch.setenv("OPENAI_ORG_ID", "a\nb")
    with pytest.raises(ModelUnavailable, match="OPENAI_ORG_ID holds characters"):
        OpenAIClient("m", base_url="http://127.0.0.1:9/v1")


@pytest.mark.parametrize("host", ["mine.openai.azure.com", "mine.services.ai.azure.com", "MINE.azure-api.net"])
def test_azure_takes_the_key_in_a_header_of_its_own(host: str) -> None:
    headers = Endpoint.resolve(f"https://{host}/openai/v1", "secret-key").headers
    assert headers["api-key"] == "secret-key"
    assert "Authorization" not in headers
    headers = Endpoint.resolve(f"https://{host}.example.org/v1", "secret-key").headers
    assert headers["Authorization"] == "Bearer secret-key"
    assert "api-key" not in headers
