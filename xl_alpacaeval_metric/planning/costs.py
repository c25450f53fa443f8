"""What steps cost: money by prices, GPU hours by tokens a second, people's hours."""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.planning.steps import LABELS, Step

WRITES, READS = 3097.0, 22_400.0
"""Tokens a second that a model of BILLIONS writes, with 128 answers at a time, and reads, in
prompts of 1,216 tokens: measured on one H100 (docs/appendix/performance.md)."""
BILLIONS = 9.15
"""Parameters of that model, in billions."""
_SIZE = re.compile(r"(?<![\w.])(?:\d+x)?(\d+(?:\.\d+)?)\s?b(?![a-z])", re.IGNORECASE)
_ACTIVE = re.compile(r"(?<![\w.])a(\d+(?:\.\d+)?)b(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Price:
    """Of a million prompt tokens, and of a million completion tokens."""

    prompt: float
    completion: float


@dataclass(frozen=True, slots=True)
class Rates:
    """Tokens a second of one GPU with a model of `billions` parameters.

    A model of another size, which is read from its name, takes its share of the time. None takes
    the rates for every model as they are.
    """

    writes: float = WRITES
    reads: float = READS
    billions: float | None = BILLIONS


@dataclass(frozen=True, slots=True)
class Costs:
    """Prices by model (`currency` is theirs), rates of GPUs, and what a GPU's hour costs."""

    prices: Mapping[str, Price] = field(default_factory=dict)
    currency: str = ""
    rates: Rates = Rates()
    gpu_hour: float | None = None
    minutes_a_label: float = 2.0


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one step: None where it costs none of that, or where it is not known.

    `most` is the money where the model thinks as long as it may.
    """

    money: float | None = None
    most: float | None = None
    gpu_hours: float | None = None
    people_hours: float | None = None


def cost_of(step: Step, costs: Costs, *, at_endpoint: bool) -> Cost:
    """What a step costs: people's hours, a price at an endpoint, GPU hours elsewhere."""
    if step.step == LABELS:
        return Cost(people_hours=step.requests * costs.minutes_a_label / 60)
    price = costs.prices.get(step.model)
    if price is not None:
        money = (step.prompt_tokens * price.prompt + step.completion_tokens * price.completion) / 1e6
        most = money + step.thought_tokens * price.completion / 1e6
        return Cost(money=money, most=most if step.thought_tokens else None)
    if at_endpoint:
        return Cost()
    size, measured = size_of(step.model), costs.rates.billions
    share = size / measured if size and measured else 1.0
    seconds = step.prompt_tokens / costs.rates.reads + step.completion_tokens / costs.rates.writes
    hours = share * seconds / 3600
    return Cost(money=hours * costs.gpu_hour if costs.gpu_hour is not None else None, gpu_hours=hours)


def size_of(name: str) -> float | None:
    """Billions of parameters that a token goes through, as a model's name has it; None without one.

    The active ones where a name has both, as in 30B-A3B.
    """
    for pattern in (_ACTIVE, _SIZE):
        found = pattern.findall(name)
        if found and float(found[-1]) > 0:
            return float(found[-1])
    return None


def rates_of(writes: float | None, reads: float | None) -> Rates:
    """The rates given, which are those of every model as they are; measured ones where none is."""
    if writes is None and reads is None:
        return Rates()
    if writes is None or reads is None:
        raise UserError("give both --write-rate and --read-rate, or neither")
    return Rates(writes, reads, None)


def prices_of(given: Sequence[str]) -> dict[str, Price]:
    """Prices by model from `MODEL=PROMPT/COMPLETION`.

    Raises UserError for another form, and for a model with two prices.
    """
    found: dict[str, Price] = {}
    for text in given:
        model, _, both = text.rpartition("=")
        parts = both.split("/")
        try:
            numbers = [float(part) for part in parts]
        except ValueError:
            numbers = []
        if not model or len(numbers) != 2 or not all(math.isfinite(one) and one >= 0 for one in numbers):
            raise UserError(
                f"--price {text!r}: need MODEL=PROMPT/COMPLETION, each the price of a million tokens, "
                "as in openai/gpt-4o=2.5/10"
            )
        if model in found:
            raise UserError(f"--price {text!r}: {model} has a price already; give one a model")
        found[model] = Price(*numbers)
    return found


def check_priced(prices: Mapping[str, Price], names: Collection[str]) -> None:
    """Raises UserError for a price of a model that is not among those of a plan."""
    for model in prices:
        if model not in names:
            raise UserError(f"--price {model}: the plan has no such model; it has {', '.join(sorted(names))}")


def check_number(option: str, value: float | None) -> None:
    """Raises UserError for the value of an option that is infinite, or no number."""
    if value is not None and not math.isfinite(value):
        raise UserError(f"{option} {value}: need a finite number")
