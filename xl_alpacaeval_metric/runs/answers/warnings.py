"""What to know of the answers of a run: how many were cut off, were withheld, hold thoughts."""

from collections import Counter
from collections.abc import Mapping, Sequence

from xl_alpacaeval_metric import thinking
from xl_alpacaeval_metric.terminal import counted_of


def warnings(samples: Sequence[Mapping[str, object]], max_tokens: int) -> list[str]:
    """What to know of the answers before their figures: cut off, withheld, with thoughts inside."""
    asked_again = (f"{line}; eval --retry-refused asks again" for line in withheld(samples))
    return [*_cut_off(samples, max_tokens), *asked_again, *_with_thoughts_inside(samples)]


def is_withheld(sample: Mapping[str, object]) -> bool:
    """Whether an endpoint gave no answer, and would give none to the same prompt."""
    return bool(sample.get("filtered") or sample.get("refused"))


def withheld(samples: Sequence[Mapping[str, object]]) -> list[str]:
    """Warnings about answers that the endpoint did not give: they count as empty ones."""
    return [*_filtered(samples), *_refused(samples)]


def _cut_off(samples: Sequence[Mapping[str, object]], max_tokens: int) -> list[str]:
    """A warning if answers were cut off at `max_tokens`; they are judged as they are."""
    count = sum(sample.get("cut") is True for sample in samples)
    if not count:
        return []
    return [
        f"{counted_of(count, len(samples), 'answer')} as long as --max-tokens {max_tokens} allows: probably unfinished"
    ]


def _filtered(samples: Sequence[Mapping[str, object]]) -> list[str]:
    """A warning if the endpoint's content filter withheld answers; they count as empty ones."""
    count = sum(sample.get("filtered") is True for sample in samples)
    if not count:
        return []
    return [f"{counted_of(count, len(samples), 'answer', 'was', 'were')} withheld by the endpoint's content filter"]


def _refused(samples: Sequence[Mapping[str, object]]) -> list[str]:
    """A warning about prompts that the endpoint refuses each time, with the commonest reason."""
    reasons = Counter(str(sample["refused"]) for sample in samples if sample.get("refused"))
    if not reasons:
        return []
    ((reason, _),) = reasons.most_common(1)
    refused = counted_of(reasons.total(), len(samples), "prompt", "was", "were")
    return [f"{refused} refused by the endpoint, and not answered ({reason})"]


def _with_thoughts_inside(samples: Sequence[Mapping[str, object]]) -> list[str]:
    """A warning about answers of version 0.1, which left thoughts in them."""
    count = sum(
        "thinking" not in sample and bool(thinking.split(str(sample["prediction"])).thought) for sample in samples
    )
    if not count:
        return []
    return [
        f"{counted_of(count, len(samples), 'answer', 'holds', 'hold')} thoughts, which an earlier version left in and had judged; "
        "choose a new --output"
    ]
