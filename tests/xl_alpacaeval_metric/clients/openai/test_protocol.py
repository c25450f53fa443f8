"""Replies of an endpoint: each is read as a completion or a fault."""

import json

from hypothesis import given
from hypothesis import strategies as st

from xl_alpacaeval_metric.clients.base import Completion
from xl_alpacaeval_metric.clients.openai.protocol import Fault
from xl_alpacaeval_metric.clients.openai.reply import read_reply

json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "message", "content", "logprobs", "top_logprobs", "token", "logprob", "usage", "error"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(json_values, st.integers(0, 200))
def test_any_reply_is_a_completion_or_a_fault(value: object, cut: int) -> None:
    for text in (json.dumps(value), json.dumps(value)[:cut], json.dumps({"choices": [value]})):
        assert isinstance(read_reply(text, ("A", "B")), Completion | Fault)


def test_a_refusal_is_final() -> None:
    reply = {"choices": [{"message": {"content": None, "refusal": "I cannot."}}]}
    outcome = read_reply(json.dumps(reply), ())
    assert isinstance(outcome, Fault)
    assert outcome.kind == "refused"
