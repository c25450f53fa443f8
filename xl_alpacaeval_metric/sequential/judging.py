"""Judge in looks: a portion of the items at a time, until a rule has seen enough."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge import votes
from xl_alpacaeval_metric.judge.aggregate import order_of, preference_of
from xl_alpacaeval_metric.judge.judging_task import JudgingTask
from xl_alpacaeval_metric.records.judgements import ItemKey, Verdict
from xl_alpacaeval_metric.records.looks import Look, Stopping
from xl_alpacaeval_metric.sequential.rules import Rule, schedule


def judge_in_looks(
    task: JudgingTask, rule: Rule, on_verdict: Callable[[Verdict], None] | None = None
) -> tuple[list[Verdict], Stopping, frozenset[ItemKey]]:
    """The verdicts of a task up to the look at which the rule stops, and the items not judged.

    Prompts come in an order that the judge's seed decides, an eighth of them for each look. The
    verdicts of an earlier run count, so that a repeated command sees the same looks and judges what
    is left of the last one. `on_verdict` is called with each new verdict. Raises UserError for a
    task with criteria, which are rated for all items, and as `JudgingTask.judge_pending` does.
    """
    if task.judge is None or task.rubric is not None:
        raise UserError(f"{rule.setting}: judging in looks takes a judge, and no criteria, which rate every answer")
    portions = schedule(task.comparisons, task.judge.seed)
    found: list[Verdict] = []
    looks: list[Look] = []
    judged: set[ItemKey] = set()
    prompts = len({item.cluster for item in task.comparisons})
    for portion in portions:
        keys = {item.key for item in portion}
        judged |= keys
        found += _portion(task, keys).judge_pending(on_verdict)
        items = [item for item in task.comparisons if item.key in judged]
        share = len({item.cluster for item in items}) / prompts
        looks.append(rule.look(items, *_preferences_and_orders(found), share))
        if looks[-1].stops:
            break
    left_out = frozenset(item.key for item in task.comparisons if item.key not in judged)
    return found, Stopping(rule.name, tuple(looks), bool(left_out), len(left_out), rule.decision(looks[-1])), left_out


def _preferences_and_orders(verdicts: Iterable[Verdict]) -> tuple[dict[ItemKey, float | None], dict[ItemKey, str]]:
    """The preference on each item that has verdicts, and the order that it was judged in."""
    by_item: dict[ItemKey, list[Verdict]] = defaultdict(list)
    for verdict in votes.averaged(list(verdicts)):
        by_item[verdict.id, verdict.language].append(verdict)
    return (
        {key: preference_of(given) for key, given in by_item.items()},
        {key: order_of(given) for key, given in by_item.items()},
    )


def _portion(task: JudgingTask, keys: set[ItemKey]) -> JudgingTask:
    """The part of the task that is about these items."""
    return replace(
        task,
        verdicts={key: verdict for key, verdict in task.verdicts.items() if key[:2] in keys},
        pending=[question for question in task.pending if question.comparison.key in keys],
        new=[one for one in task.new if (one.id, one.language) in keys],
    )
