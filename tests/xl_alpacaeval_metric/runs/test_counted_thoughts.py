"""Thoughts that a server counts and does not show, in a run's rows and figures."""

from tests.helpers import comparison
from xl_alpacaeval_metric.clients.endpoint_reply import parse_generations
from xl_alpacaeval_metric.figures import thinking_of
from xl_alpacaeval_metric.runs.answers.thoughts import Thoughts
from xl_alpacaeval_metric.runs.folder import comparisons_of
from xl_alpacaeval_metric.thinking import Thinking


def row(name: str, tokens: int, **message: str) -> dict[str, object]:
    usage = {"completion_tokens": 50, "completion_tokens_details": {"reasoning_tokens": tokens}}
    body = {"choices": [{"message": {"content": "Hallo", **message}, "finish_reason": "stop"}], "usage": usage}
    (reply,) = parse_generations(body)
    answer = Thoughts.of(None).read("", reply, 64, 0)
    return {"id": name, "language": "de", "instruction": "Grüße mich!", **answer.columns}


def test_a_thought_that_is_counted_alone_is_a_thought() -> None:
    rows = [row("1", 40), row("2", 0), row("3", 20, reasoning="Let me think about this greeting for a while.")]
    assert [one.get("thinking_tokens") for one in rows] == [40, None, 20]
    assert "thinking" not in rows[1]
    items = comparisons_of(rows)
    assert [item.thought for item in items] == [True, False, True]
    assert thinking_of(items) == Thinking(2, 0, 30.0, {"en": 100.0})
    assert thinking_of(items[:2]) == Thinking(1, 0, 40.0, {})
    assert thinking_of([comparison(1)]) is None
