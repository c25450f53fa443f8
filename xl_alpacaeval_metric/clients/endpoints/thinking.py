"""How a chat endpoint that the harness asks is told to think, or not to."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from xl_alpacaeval_metric import thinking
from xl_alpacaeval_metric.clients.endpoint_reply import EndpointReply
from xl_alpacaeval_metric.clients.endpoints import requests as endpoint_requests
from xl_alpacaeval_metric.clients.endpoints.refusals import RequestRefused
from xl_alpacaeval_metric.clients.openai.advice import in_one_line
from xl_alpacaeval_metric.clients.openai.body import BodyRefused
from xl_alpacaeval_metric.clients.openai.protocol import EFFORTS, TRANSIENT_STATUS, Fault, template_variables
from xl_alpacaeval_metric.errors import UserError

PROBE_TOKENS = 64
"""Length of the reply that shows whether an endpoint's model thinks."""
ATTEMPTS = 4


def switch_for(
    lm: Any, prompts: Sequence[Any], arguments: Mapping[str, Any], mode: str, *, own_template: bool
) -> dict[str, Any]:
    """What each request holds so that the model thinks (`on`) or does not (`off`).

    Short requests find it out: the switch of a chat template, which servers with an `own_template`
    take (vLLM, SGLang, llama.cpp), then values of `reasoning_effort`. `arguments` are those of the
    generation. A prompt may be refused for what it says, so the next of the `prompts` is tried
    then. Raises UserError where a model that must not think does so with all of them, and where the
    endpoint refuses each prompt without them, too.
    """
    template = template_variables(mode) if own_template else {}
    efforts = [""] if mode == "on" else list(EFFORTS)
    before: int | None = None
    refused = ""
    while efforts:
        effort = efforts[0]
        switch: dict[str, Any] = {"chat_template_kwargs": template} if template else {}
        switch |= {"reasoning_effort": effort} if effort else {}
        try:
            reply = _reply(lm, prompts[0], {**arguments, **switch})
        except RequestRefused as complaint:
            refused = str(complaint)
            named = effort and "reasoning" in refused.lower() and "chat_template_kwargs" not in refused.lower()
            if template and not named:
                template = {}
            elif effort:
                efforts.pop(0)
            elif prompts[1:]:
                return switch_for(lm, prompts[1:], arguments, mode, own_template=own_template)
            else:
                raise UserError(f"the endpoint refuses the request: {refused[:300]}") from None
            continue
        if mode == "on" or not _thinks(reply, before if effort else None):
            return switch
        before = reply.thinking_tokens if not effort else before
        efforts.pop(0)
    raise UserError(
        "--thinking off, but the model thinks, and nothing turns it off: neither the switch of a chat template nor "
        "reasoning_effort" + (f" ({refused[:200]})" if refused else "") + "; use --thinking auto"
    )


def _reply(lm: Any, prompt: Any, arguments: Mapping[str, Any]) -> EndpointReply:
    """The reply to a short request; passing faults are retried as the harness does."""
    import requests

    for attempt in range(ATTEMPTS):
        try:
            body = endpoint_requests.ask(lm, [prompt], gen_kwargs={**arguments, "max_gen_toks": PROBE_TOKENS})
            reply: EndpointReply = lm.parse_generations(body)[0]
            return reply
        except (requests.RequestException, BodyRefused, ValueError) as error:
            response = getattr(error, "response", None)
            if response is not None and response.status_code < 500 and response.status_code not in TRANSIENT_STATUS:
                what = in_one_line(Fault("fatal", f"status {response.status_code}", response.status_code))
                raise UserError(f"the endpoint refuses the request: {what}") from None
            if attempt == ATTEMPTS - 1:
                raise UserError(f"the endpoint does not answer: {type(error).__name__}: {error}"[:300]) from None
            time.sleep(2.0**attempt)
    raise AssertionError("unreachable")


def _thinks(reply: EndpointReply, before: int | None) -> bool:
    """Whether a reply shows a thought, or was cut before any text.

    Of thoughts that are only counted, fewer tokens than `before` count as none if there is a text:
    the least effort of some models is a little.
    """
    split = thinking.split(reply)
    if reply.thinking.strip() or split.thought or not split.finished:
        return True
    if not split.answer.strip():
        return reply.cut or bool(reply.thinking_tokens)
    return bool(reply.thinking_tokens) and (before is None or (reply.thinking_tokens or 0) >= before)
