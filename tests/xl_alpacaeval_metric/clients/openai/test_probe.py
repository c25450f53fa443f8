"""Whether an endpoint answers, and which parameters it accepts."""

from contextlib import closing

import pytest

from tests.helpers import PATIENCE
from tests.servers.dialects import DIALECTS
from tests.servers.judge import Behaviour, JudgeServer
from tests.xl_alpacaeval_metric.clients.endpoint_client import KEY, ask, asks, client_of, probability
from xl_alpacaeval_metric.clients.base import Completion
from xl_alpacaeval_metric.clients.openai.client import OpenAIClient
from xl_alpacaeval_metric.errors import ModelUnavailable


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        (Behaviour(key="another"), "401: Incorrect API key provided: \\*\\*\\*.; check OPENAI_API_KEY"),
        (Behaviour(models=("n",)), "404: The model `m` does not exist"),
        (Behaviour(ends_after=0, ends_with=403), "403"),
        (Behaviour(ends_after=0, ends_with=402), "402"),
        (Behaviour(marker="letter"), "400: This model's maximum"),
        (Behaviour(fault_rate=1.0, faults=("html",)), "a page of HTML instead of JSON"),
        (Behaviour(fault_rate=1.0, faults=("error",)), "500"),
        (Behaviour(fault_rate=1.0, faults=("rate_limit",), retry_after="1000"), "429"),
        (Behaviour(fault_rate=1.0, faults=("silence",)), "no answer within"),
        (Behaviour(reasoning=True), "reasoning"),
    ],
)
def test_preflight_ends_with_one_clear_line(server: JudgeServer, behaviour: Behaviour, says: str) -> None:
    server.behaviour = behaviour
    # Within the time the server must have answered once, on a busy machine, too.
    with client_of(server, preflight_timeout=2.5 if behaviour.fault_rate else PATIENCE) as client:
        with pytest.raises(ModelUnavailable, match=says) as caught:
            client.preflight()
        assert "\n" not in str(caught.value)
        assert KEY not in str(caught.value)
        assert f"openai/m at {server.url}" in str(caught.value)


def test_preflight_does_not_wait_for_nobody() -> None:
    with JudgeServer() as server:
        url = server.url
    with closing(OpenAIClient("m", base_url=url, preflight_timeout=1000.0)) as client:
        for ask_it in (client.preflight, lambda: list(client.complete(asks(3)))):
            with pytest.raises(ModelUnavailable, match=f"openai/m at {url}: no connection.*; check the base URL"):
                ask_it()


def test_the_probe_survives_passing_faults(server: JudgeServer) -> None:
    with client_of(server) as client:
        for fault in ("drop", "html", "nonsense", "empty"):
            for seed in range(60, 66):
                server.behaviour = Behaviour(fault_rate=0.3, seed=seed, faults=(fault,))
                client.preflight()
                assert client.identity["top_logprobs"] == 20
    assert server.stats()["answers"].keys() == {"answer", "drop", "html", "nonsense", "empty"}


def test_parameters_that_the_endpoint_refuses_are_left_out(server: JudgeServer) -> None:
    server.behaviour = Behaviour(refuses=("max_tokens", "temperature"), max_top_logprobs=5)
    with client_of(server) as client:
        client.preflight()
        assert client.identity["top_logprobs"] == 5
        assert client.identity["temperature"] == "the endpoint's own"
        probes = len(server.seen.log)
        [(_, reply)] = client.complete([ask("q")])
        assert len(server.seen.log) == probes + 1
    assert isinstance(reply, Completion)
    assert reply.logprobs is not None
    body = server.seen.last_body
    assert {key: body[key] for key in body.keys() - {"model", "messages"}} == {
        "max_completion_tokens": 1,
        "logprobs": True,
        "top_logprobs": 5,
    }


@pytest.mark.parametrize("behaviour", [Behaviour(logprobs=False), Behaviour(refuses=("logprobs",))])
def test_without_logprobs_the_verdict_is_asked_for_as_text(server: JudgeServer, behaviour: Behaviour) -> None:
    server.behaviour = behaviour
    with client_of(server, verdict_tokens=12) as client:
        [(_, reply)] = client.complete([ask("q")])
        assert client.identity["verdict_tokens"] == 12
        assert isinstance(reply, Completion)
        assert reply.logprobs is None
        assert reply.text == ("A" if probability(ask("q")) > 0.5 else "B")
        assert server.seen.last_body["max_tokens"] == 12
        assert "logprobs" not in server.seen.last_body
        list(client.complete([ask("essay", choices=(), max_tokens=300, temperature=0.7)]))
        assert (server.seen.last_body["max_tokens"], server.seen.last_body["temperature"]) == (300, 0.7)


def test_a_schema_is_sent_unless_refused(server: JudgeServer) -> None:
    schema = {"type": "object", "properties": {"score": {"type": "integer"}}}
    request = ask("score it", choices=(), max_tokens=50, json_schema=schema)
    with client_of(server) as client:
        list(client.complete([request]))
        assert server.seen.last_body["response_format"]["json_schema"]["schema"] == schema
        server.behaviour = Behaviour(refuses=("response_format",))
        [(_, reply)] = client.complete([request])
        assert isinstance(reply, Completion)
        assert reply.retries == 0
        assert "response_format" not in server.seen.last_body
        sent = len(server.seen.log)
        list(client.complete([request]))
        assert len(server.seen.log) == sent + 1


def test_an_endpoint_that_does_not_say_what_it_refuses_is_never_asked_the_same_again(server: JudgeServer) -> None:
    server.change(dialect=DIALECTS["a gateway that does not say what it refuses"])
    with client_of(server) as client:
        client.preflight()
    assert len(server.seen.log) == 2, "all parameters, and all but log-probabilities"


@pytest.mark.parametrize("empty", [2, 9])
def test_an_empty_answer_may_be_an_accident(server: JudgeServer, empty: int) -> None:
    server.change(message=lambda _: {"content": "" if len(server.seen.log) < empty else "A"}, logprobs=False)
    with client_of(server) as client:
        if empty == 2:
            client.preflight()
            return
        with pytest.raises(ModelUnavailable, match="an empty answer that ends by itself"):
            client.preflight()
