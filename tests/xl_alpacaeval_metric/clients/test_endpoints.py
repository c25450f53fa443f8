"""The harness's models behind endpoints: told to think or not, refused, made to wait."""

import gzip
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.servers.base import HttpRequest, HttpResponse, HttpServer
from tests.servers.dialects import Dialect
from tests.servers.judge import JudgeServer, Refused
from xl_alpacaeval_metric.clients.endpoints import thinking as endpoint_thinking
from xl_alpacaeval_metric.clients.openai.body import MAX_BYTES, BodyRefused
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.runs.answers import harness_model, warnings
from xl_alpacaeval_metric.runs.answers.thoughts import Thoughts

OFF = {"chat_template_kwargs": {"enable_thinking": False, "thinking": False, "thinking_budget": 0}}
Message = Callable[[dict[str, Any]], dict[str, Any]]


def thinking_model(url: str, backend: str = "local-chat-completions", concurrency: int = 4) -> Any:
    settings = {"backend": backend, "model": "m", "model_args": {"base_url": url, "max_retries": 1}}
    resources: dict[str, Any] = {"arguments": {}, "batch_size": "1", "device": None, "concurrency": concurrency}
    return harness_model.load(settings, resources)


def switch(server: JudgeServer, mode: str = "off", backend: str = "local-chat-completions") -> dict[str, Any]:
    lm = thinking_model(server.url, backend)
    prompt = lm.apply_chat_template([{"role": "user", "content": "Write a word."}])
    own_template = not backend.startswith("openai")
    arguments = {"until": [], "do_sample": False}
    return endpoint_thinking.switch_for(lm, [prompt], arguments, mode, own_template=own_template)


def thinks_unless(is_off: Callable[[dict[str, Any]], bool], field: str = "reasoning_content") -> Message:
    def message(body: dict[str, Any]) -> dict[str, Any]:
        if is_off(body):
            return {"content": "Hallo"}
        return {"content": "", field: "Okay,"} if field != "tags" else {"content": "<think>Okay, the user"}

    return message


def efforts(*taken: str) -> Message:
    def message(body: dict[str, Any]) -> dict[str, Any]:
        effort = body.get("reasoning_effort")
        if "chat_template_kwargs" in body:
            raise Refused(400, "Unrecognized request argument supplied: chat_template_kwargs")
        if effort is not None and effort not in taken:
            raise Refused(400, f"Unsupported value: 'reasoning_effort' does not support '{effort}'.")
        return {"content": "Hallo"} if effort in ("none", "minimal") else {"content": "", "reasoning": "Okay,"}

    return message


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-test")
    monkeypatch.setattr(time, "sleep", lambda _: None)


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "tags"])
def test_the_switch_of_a_chat_template(field: str) -> None:
    off = thinks_unless(lambda body: body.get("chat_template_kwargs", {}).get("enable_thinking") is False, field)
    with JudgeServer(message=off, finish="length") as server:
        assert switch(server) == OFF
        assert len(server.seen.log) == 1
        assert switch(server, "on") == {"chat_template_kwargs": {"enable_thinking": True, "thinking": True}}


@pytest.mark.parametrize("effort", ["none", "minimal"])
@pytest.mark.parametrize("backend", ["local-chat-completions", "openai-chat-completions"])
def test_reasoning_effort_where_there_is_no_such_switch(effort: str, backend: str) -> None:
    with JudgeServer(message=efforts(effort, "low", "high")) as server:
        assert switch(server, backend=backend) == {"reasoning_effort": effort}
        assert switch(server, "on", backend) == {}


def test_both_where_the_switch_is_taken_and_does_nothing() -> None:
    with JudgeServer(message=thinks_unless(lambda body: body.get("reasoning_effort") == "none")) as server:
        assert switch(server) == {**OFF, "reasoning_effort": "none"}


def test_a_switch_that_is_refused_without_a_word() -> None:
    with JudgeServer(refuses=("chat_template_kwargs",), message=lambda _: {"content": "Hallo"}) as server:
        assert switch(server) == {}


@pytest.mark.parametrize("taken", [(), ("low",)])
def test_what_nothing_turns_off_is_one_line(taken: tuple[str, ...]) -> None:
    with JudgeServer(message=efforts(*taken)) as server, pytest.raises(UserError) as refused:
        switch(server)
    line = str(refused.value)
    for part in ("--thinking off", "--thinking auto", "reasoning_effort"):
        assert part in line
    assert "\n" not in line


def test_a_model_that_ignores_all_is_one_line() -> None:
    with JudgeServer(message=thinks_unless(lambda _: False)) as server:
        with pytest.raises(UserError, match="nothing turns it off"):
            switch(server)
        assert len(server.seen.log) == 3


def test_thoughts_that_are_only_counted() -> None:
    with JudgeServer(dialect=Dialect("hidden", efforts=("minimal",), refuses=("chat_template_kwargs",))) as server:
        assert switch(server) == {"reasoning_effort": "minimal"}
        server.change(dialect=Dialect("hidden"))
        with pytest.raises(UserError, match="nothing turns it off"):
            switch(server)


def test_a_request_that_is_refused_anyway_is_one_line() -> None:
    with JudgeServer(refuses=("seed",)) as server, pytest.raises(UserError, match=r"refuses the request.*seed"):
        switch(server)


def test_a_refused_key_is_said_at_once() -> None:
    with JudgeServer(key="another") as server:
        with pytest.raises(UserError, match="status 401; check OPENAI_API_KEY"):
            switch(server)
        assert len(server.seen.log) <= 1


def test_passing_faults_are_sat_out() -> None:
    with JudgeServer(fault_rate=0.4, faults=("error", "rate_limit", "cut"), message=efforts("none")) as server:
        assert switch(server) == {"reasoning_effort": "none"}


@pytest.mark.parametrize("concurrency", [1, 4])
def test_what_a_server_says_of_a_failed_request_is_in_the_error(concurrency: int) -> None:
    with JudgeServer(models=("other",)) as server, pytest.raises(Exception, match="model `m` does not exist"):
        generate(server.url, concurrency)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_rate_limit_is_waited_for(concurrency: int, status: int) -> None:
    left = [status] * 5

    def limited(_: object) -> str:
        if left:
            raise Refused(left.pop(), "Slow down.", retry_after="0")
        return "Hallo"

    with JudgeServer(reply=limited) as server:
        assert generate(server.url, concurrency) == ["Hallo"]


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_quota_that_lasts_hours_is_said_at_once(concurrency: int) -> None:
    with JudgeServer(fault_rate=1.0, faults=("rate_limit",), retry_after="25920") as server:
        with pytest.raises(Exception, match=r"asks to wait 7\.2 hours \(Retry-After 25920\)"):
            generate(server.url, concurrency)
        assert len(server.seen.log) == 1


def generate(url: str, concurrency: int, *texts: str) -> Any:
    return ask(thinking_model(url, concurrency=concurrency), texts or ("Hello",))


def ask(lm: Any, texts: Sequence[str], tokens: int = 8) -> Any:
    from lm_eval.api.instance import Instance

    prompts = [lm.apply_chat_template([{"role": "user", "content": text}]) for text in texts]
    settings = {"max_gen_toks": tokens, "until": []}
    return lm.generate_until(
        [Instance("generate_until", {}, (prompt, settings), number) for number, prompt in enumerate(prompts)]
    )


class Endless(HttpServer):
    """Replies with more than anybody should read, packed or not."""

    root = "/v1"
    packed = False

    async def respond(self, request: HttpRequest) -> HttpResponse | None:
        if not self.packed:
            return HttpResponse(b" " * (MAX_BYTES + 2**20))
        bomb = gzip.compress(b" " * (8 * MAX_BYTES))
        assert len(bomb) < 2**18
        return HttpResponse(bomb, 200, {"Content-Encoding": "gzip"})


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("concurrency", [1, 4])
def test_replies_are_read_up_to_a_limit(packed: bool, concurrency: int) -> None:
    with Endless() as server:
        server.packed = packed
        with pytest.raises(BodyRefused, match="more than 16 MiB"):
            generate(server.url, concurrency)


class Filtering(HttpServer):
    """Withholds every answer, by an error of Azure with a status, or by a choice without text."""

    root = "/v1"
    status: int | None = None

    async def respond(self, request: HttpRequest) -> HttpResponse | None:
        if self.status is not None:
            error = {"code": "content_filter", "message": "No.", "innererror": {"code": "ResponsibleAIPolicyViolation"}}
            return HttpResponse({"error": error}, self.status)
        return HttpResponse({"choices": [{"message": {"content": None}, "finish_reason": "content_filter"}]})


class Refusing(HttpServer):
    """Refuses long prompts, in a reply with status 200."""

    root = "/v1"

    async def respond(self, request: HttpRequest) -> HttpResponse | None:
        if "long" in str(request.json()["messages"]):
            return HttpResponse({"error": {"code": 400, "message": "Too long."}})
        return HttpResponse({"choices": [{"message": {"content": "Hallo"}, "finish_reason": "stop"}]})


@pytest.mark.parametrize("status", [None, 200, 400])
@pytest.mark.parametrize("concurrency", [1, 4])
def test_an_answer_that_a_content_filter_withholds_is_empty(status: int | None, concurrency: int) -> None:
    with Filtering() as server:
        server.status = status
        replies = generate(server.url, concurrency)
    assert [(str(reply), reply.filtered) for reply in replies] == [("", True)]
    answer = Thoughts(None, None, (), frozenset(), False).read("Hello", replies[0], 8, 0)
    assert answer.columns == {"prediction": "", "filtered": True}
    assert warnings.warnings([answer.columns, {"prediction": "Hallo"}], 8) == [
        "1 of 2 answers was withheld by the endpoint's content filter; eval --retry-refused asks again"
    ]


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_reply_within_the_limit_is_read_either_way(concurrency: int) -> None:
    with JudgeServer(reply=lambda _: "Hallo") as server:
        assert generate(server.url, concurrency) == ["Hallo"]


@pytest.mark.parametrize("status", [400, 403, 413, 422])
@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_prompt_that_is_refused_where_others_are_answered_is_empty(status: int, concurrency: int) -> None:
    def reply(body: dict[str, Any]) -> str:
        if "long" in str(body["messages"]):
            raise Refused(status, "It is too\n long. sk-of-the-test")
        return "Hallo"

    with JudgeServer(reply=reply) as server:
        replies = generate(server.url, concurrency, "a long one", "short", "another long one")
    assert replies == ["", "Hallo", ""]
    assert [reply.refused for reply in replies] == [f"status {status}: It is too long. ***", "", replies[0].refused]


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_budget_that_is_spent_is_no_refused_prompt(concurrency: int) -> None:
    """It refuses with the status of a prompt, after answers to others."""
    with JudgeServer(reply=lambda _: "Hallo", ends_after=6, ends_with=400) as server:
        lm = thinking_model(server.url, concurrency=concurrency)
        replies: list[str] = []
        lm.set_cache_hook(Hook(replies))
        with pytest.raises(UserError, match="refuses every prompt: status 400: The service has ended"):
            ask(lm, "abcdefghij")
    assert replies == ["Hallo"] * 6


class Hook:
    """Takes replies as the harness's cache does."""

    def __init__(self, replies: list[str]) -> None:
        self.replies = replies

    def add_partial(self, _method: str, _request: object, reply: str) -> None:
        self.replies.append(reply)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_refusal_in_a_reply_with_status_200_is_one(concurrency: int) -> None:
    """As a gateway passes on what a provider says."""
    with Refusing() as server:
        replies = generate(server.url, concurrency, "a long one", "short")
    assert [(str(reply), reply.refused) for reply in replies] == [("", "status 400: Too long."), ("Hallo", "")]


def test_a_switch_is_looked_for_with_a_prompt_that_is_answered() -> None:
    with Refusing() as server:
        lm = thinking_model(server.url)
        prompts = [lm.apply_chat_template([{"role": "user", "content": text}]) for text in ("long", "short")]
        assert endpoint_thinking.switch_for(lm, prompts, {"until": []}, "on", own_template=False) == {}


@pytest.mark.parametrize("concurrency", [1, 4])
def test_where_every_prompt_is_refused_it_says_why(concurrency: int) -> None:
    """Also where one was answered with other arguments, as the probe is."""

    def reply(body: dict[str, Any]) -> str:
        if body["max_tokens"] > 8:
            raise Refused(400, "max_tokens is too large")
        return "Hallo"

    with JudgeServer(reply=reply) as server:
        lm = thinking_model(server.url, concurrency=concurrency)
        assert ask(lm, "ab") == ["Hallo", "Hallo"]
        with pytest.raises(UserError, match="refuses every prompt: status 400: max_tokens is too large"):
            ask(lm, "abcdefghijklmnopqrstuvwxyz", tokens=9)
        assert len(server.seen.log) < 20
