"""What a plan rests on, in lines for its reader."""

from collections.abc import Sequence

from xl_alpacaeval_metric.judge.estimate import BYTES_PER_TOKEN
from xl_alpacaeval_metric.planning import costs as costing
from xl_alpacaeval_metric.planning.costs import Cost, Costs
from xl_alpacaeval_metric.planning.rows import PROMPTS
from xl_alpacaeval_metric.planning.steps import Planned, Step
from xl_alpacaeval_metric.runs.answers_file import LONG
from xl_alpacaeval_metric.terminal import counted, counted_of


def notes(planned: Planned, steps: Sequence[Step], found: Sequence[Cost], costs: Costs) -> list[str]:
    """The assumptions behind the steps and their costs, and what is not in them."""
    items = planned.n_items
    models = counted(planned.n_models, "model")
    lines = [f"{models}, {counted(items, 'item', form=',')} each; a token is {BYTES_PER_TOKEN:g} bytes of UTF-8"]
    if assumed := [one.benchmark.name for one in planned.benchmarks if one.assumed]:
        lines.append(
            f"{', '.join(assumed)}: not here yet, taken to have {PROMPTS} prompts a language, as long as AlpacaEval's"
        )
    missing = sum(row.reference is None for one in planned.benchmarks for row in one.benchmark.rows)
    long = f"{LONG:,} characters of English, in as many as their language takes"
    if missing:
        who = "" if planned.author else "; nobody is named who writes them (--reference)"
        lines.append(
            f"{counted_of(missing, items, 'item', 'has', 'have', form=',')} no reference yet: taken to be as long as {long}{who}"
        )
    like = f"{planned.answer_tokens} tokens of English" if planned.answer_tokens else "the references"
    most = ", ".join(f"{size:,}" for size in sorted({model.max_tokens for model in planned.models}))
    lines.append(f"answers: as long as {like}, {most} tokens at most; thoughts of the models come on top")
    if thoughts := sum(step.thought_tokens for step in steps):
        more = [cost.most - (cost.money or 0) for cost in found if cost.most is not None]
        money = f" ({sum(more):,.2f} {costs.currency})" if more else ""
        lines.append(f"up to {thoughts / 1e6:,.1f} M tokens out more{money} if judges at endpoints think")
    if any(cost.gpu_hours for cost in found):
        rates = costs.rates
        size = f" with {rates.billions:g} billion parameters, others in proportion" if rates.billions else ""
        source = ", measured on one H100" if rates == costing.Rates() else ""
        lines.append(
            f"GPU hours: {rates.writes:,.0f} tokens a second written and {rates.reads:,.0f} read by a GPU{size}{source}; "
            "loading comes on top"
        )
        local = {step.model for step, cost in zip(steps, found, strict=True) if cost.gpu_hours}
        if rates.billions and (unknown := sorted(name for name in local if costing.size_of(name) is None)):
            lines.append(f"size not in the name, taken as {rates.billions:g} billion: {', '.join(unknown)}")
    unpriced = {step.model for step in steps if step.model in planned.at_endpoints and step.model not in costs.prices}
    if unpriced:
        lines.append(f"no price for {', '.join(sorted(unpriced))}: --price MODEL=PROMPT/COMPLETION --currency CODE")
    if any(cost.people_hours for cost in found):
        lines.append(f"people: {costs.minutes_a_label:g} minutes a label")
    return lines
