"""The candidate's thoughts taken together: how many, how long, in which languages."""

from collections import Counter
from collections.abc import Sequence

from xl_alpacaeval_metric.languages import composition
from xl_alpacaeval_metric.records.judgements import Comparison
from xl_alpacaeval_metric.thinking import Thinking


def summary(items: Sequence[Comparison]) -> Thinking | None:
    """How the candidate thought; None where it did not."""
    found = [item for item in items if item.thought]
    if not found:
        return None
    tokens = [item.thinking_tokens for item in found if item.thinking_tokens is not None]
    languages = Counter(code or "und" for code in composition.main_languages([item.thinking for item in found]))
    return Thinking(
        n=len(found),
        unfinished=sum(item.unfinished for item in found),
        avg_tokens=sum(tokens) / len(tokens) if tokens else None,
        languages={code: 100.0 * count / len(found) for code, count in languages.most_common()},
    )


def unfinished(items: Sequence[Comparison]) -> list[str]:
    """A warning about thoughts that never ended, whose answers are empty; none where all ended."""
    count = sum(item.unfinished for item in items)
    if not count:
        return []
    return [
        f"{count} of {len(items)} thoughts never end, and their answers count as empty: "
        "give the model more room (eval: --thinking-tokens)"
    ]
