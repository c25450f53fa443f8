import json
import os
import socket
from pathlib import Path

import pytest
from huggingface_hub import constants

from tests.commands import run_alpacaeval as run
from tests.commands import run_python
from tests.helpers import closed_port
from tests.servers.hub import HubServer
from xl_alpacaeval_metric.machine import hub_connection


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A process that may ask the Hub and has not looked yet, and is put back after the test."""
    hub_connection._answers.cache_clear()
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_whether_the_hub_is_reached_is_told_in_seconds(online: pytest.MonkeyPatch) -> None:
    with HubServer() as hub:
        online.setattr(constants, "ENDPOINT", hub.url)
        assert hub_connection.is_reachable(30)
        online.setattr(constants, "HF_HUB_OFFLINE", True)
        assert not hub_connection.is_reachable()
    online.setattr(constants, "HF_HUB_OFFLINE", False)
    assert not hub_connection.is_reachable()


def test_a_proxy_is_asked_in_the_place_of_the_hub() -> None:
    look = "from xl_alpacaeval_metric.machine.hub_connection import is_reachable; print(is_reachable(30))"
    settings = {"HF_ENDPOINT": "http://hub.invalid", "HF_HUB_OFFLINE": "0", "NO_PROXY": "", "no_proxy": ""}
    with HubServer() as proxy:
        through = run_python("-c", look, cwd=None, **settings, HTTP_PROXY=proxy.url, http_proxy=proxy.url)
        assert through.stdout == "True\n", through.stderr
    away = f"http://127.0.0.1:{closed_port()}"
    assert run_python("-c", look, cwd=None, **settings, HTTP_PROXY=away, http_proxy=away).stdout == "False\n"


def test_an_endpoint_that_takes_connections_and_says_nothing_does_not_count(online: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        online.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert not hub_connection.is_reachable(0.2)


def _said_of(endpoint: str) -> str:
    return (
        f"the Hub ({endpoint}) does not answer within 4 s; going on as with HF_HUB_OFFLINE=1 "
        "(HF_HUB_OFFLINE=0 waits for it)"
    )


def test_a_user_may_insist_on_a_slow_hub(online: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    online.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{closed_port()}")
    online.setenv("HF_HUB_OFFLINE", "0")
    assert hub_connection.may_be_asked()
    assert capsys.readouterr().err == ""


def test_without_the_hub_the_process_and_its_children_are_offline(
    online: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint = f"http://127.0.0.1:{closed_port()}"
    online.setattr(constants, "ENDPOINT", endpoint)
    assert not hub_connection.may_be_asked()
    assert not hub_connection.may_be_asked()
    assert capsys.readouterr().err == _said_of(endpoint) + "\n"  # Once.
    assert constants.is_offline_mode()
    assert os.environ["HF_HUB_OFFLINE"] == "1"


def test_a_hub_that_answers_is_looked_at_once(online: pytest.MonkeyPatch) -> None:
    with HubServer() as hub:
        online.setattr(constants, "ENDPOINT", hub.url)
        online.setattr(hub_connection, "SECONDS", 30.0)
        assert hub_connection.may_be_asked()
    assert hub_connection.may_be_asked()
    assert not constants.is_offline_mode()


def test_what_the_cache_lacks_is_a_line_without_retries(tmp_path: Path) -> None:
    (tmp_path / "answers.jsonl").write_text(json.dumps({"language": "de", "prediction": "Guten Tag."}) + "\n")
    url = f"http://127.0.0.1:{closed_port()}"
    settings = {"HF_ENDPOINT": url, "HF_HUB_OFFLINE": "", "HF_HOME": str(tmp_path / "hf")}
    result = run("fidelity", tmp_path / "answers.jsonl", "--lid", "org/none", **settings)
    assert result.returncode == 2
    first, last = result.stderr.splitlines()
    assert first == _said_of(url)
    assert last.startswith("xl-alpacaeval: --lid org/none: is not available from the Hub (LocalEntryNotFoundError)")
