"""What each step of runs takes: references, answers, the judge check, judging, people's labels."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from xl_alpacaeval_metric import clients
from xl_alpacaeval_metric.judge import estimate as estimating
from xl_alpacaeval_metric.judge.judging_task import JudgingTask
from xl_alpacaeval_metric.judge.rubric import Rubric
from xl_alpacaeval_metric.judge_check.judged import questions
from xl_alpacaeval_metric.judge_check.references import controls_for
from xl_alpacaeval_metric.planning.named_judge import NamedJudges
from xl_alpacaeval_metric.planning.rows import PlannedBenchmark
from xl_alpacaeval_metric.records.judgements import Comparison
from xl_alpacaeval_metric.runs import answers_file

REFERENCES, ANSWERS, CHECK, JUDGING, LABELS = "references", "answers", "judge check", "judging", "labels"
_NUMBERS = ("requests", "prompt_tokens", "completion_tokens", "thought_tokens")


@dataclass(frozen=True, slots=True)
class Step:
    """Requests and tokens of one step by one model; `model` is "people" for labels.

    `thought_tokens` are completion tokens that come on top, at most, where it is not known whether
    the model thinks.
    """

    step: str
    model: str
    requests: int
    prompt_tokens: int = 0
    completion_tokens: int = 0
    thought_tokens: int = 0

    def and_more(self, other: "Step") -> "Step":
        """The sum of two steps of one name and model."""
        return replace(self, **{name: getattr(self, name) + getattr(other, name) for name in _NUMBERS})

    def times(self, number: int) -> "Step":
        """The step so many times."""
        return replace(self, **{name: number * getattr(self, name) for name in _NUMBERS})


@dataclass(frozen=True, slots=True)
class PlannedModel:
    """A model that answers, or so many (`copies`) of which all is alike."""

    name: str
    at_endpoint: bool = False
    max_tokens: int = 1024
    copies: int = 1


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to be done: every model answers every benchmark, and each judge judges the answers.

    `author` is the specification of the model that writes the references which benchmarks lack;
    None where they are there. `labels` are the items that people label, in each language, benchmark
    and run. `answer_tokens` is the length of an answer in English, None for that of the references.
    """

    models: Sequence[PlannedModel]
    benchmarks: Sequence[PlannedBenchmark]
    judges: NamedJudges = field(default_factory=NamedJudges)
    rubric: Rubric | None = None
    author: str | None = None
    checked: bool = True
    labels: int = 0
    answer_tokens: int | None = None

    @property
    def n_models(self) -> int:
        return sum(model.copies for model in self.models)

    @property
    def n_items(self) -> int:
        """Of each model."""
        return sum(len(one.benchmark.rows) for one in self.benchmarks)

    @property
    def names(self) -> frozenset[str]:
        """All models that take part: those that answer, judge, and write references."""
        return frozenset([*(m.name for m in self.models), *self.judges.specs, *([self.author] if self.author else [])])

    @property
    def at_endpoints(self) -> frozenset[str]:
        """The models that are paid by the token, not run here."""
        specs = (*self.judges.specs, *([self.author] if self.author else []))
        return frozenset(
            [*(spec for spec in specs if clients.is_endpoint(spec)), *(m.name for m in self.models if m.at_endpoint)]
        )


def steps_of(planned: Planned) -> list[Step]:
    """The steps in their order, each once for each model that takes part in it.

    Tokens are estimated as `estimate` does: an answer is as long as its reference or, without one,
    as AlpacaEval's are in as many characters as its language takes (`answers_file.expected`).
    Raises UserError for a judge or an author that is no specification of a model.
    """
    if planned.author is not None:
        clients.check_spec(planned.author, "reference model")
    found: dict[tuple[str, str], Step] = {}

    def add(step: Step) -> None:
        key = (step.step, step.model)
        found[key] = found[key].and_more(step) if key in found else step

    for one in planned.benchmarks:
        for step in _of_benchmark(planned, one):
            if step.requests:
                add(step)
    for step in _of_check(planned) if planned.checked else []:
        if step.requests:
            add(step)
    order = (REFERENCES, ANSWERS, CHECK, JUDGING, LABELS)
    return sorted(found.values(), key=lambda step: order.index(step.step))


def _of_benchmark(planned: Planned, one: PlannedBenchmark) -> list[Step]:
    rows, items = one.benchmark.rows, _expected(planned, one)
    steps = []
    if planned.author is not None:
        without = [item for row, item in zip(rows, items, strict=True) if row.reference is None]
        written = sum(_tokens(item.reference) for item in without)
        prompts = sum(_tokens(item.instruction) for item in without)
        steps.append(Step(REFERENCES, planned.author, len(without), prompts, written))
    prompts = sum(_tokens(item.instruction) for item in items)
    lengths = [_tokens(item.prediction) for item in items]
    for model in planned.models:
        answers = sum(min(model.max_tokens, length) for length in lengths)
        steps.append(Step(ANSWERS, model.name, len(items), prompts, answers).times(model.copies))
    judge = planned.judges.judging(one.benchmark.name)
    for spec, member in judge.members.items() if judge else ():
        task = JudgingTask.of(items, member, rubric=planned.rubric)
        steps.append(_step(JUDGING, spec, estimating.estimate(task, probed=False).times(planned.n_models)))
    if planned.labels:
        sizes = Counter(row.response_language for row in rows)
        labelled = sum(min(planned.labels, size) for size in sizes.values())
        steps.append(Step(LABELS, "people", labelled * planned.n_models))
    return steps


def _of_check(planned: Planned) -> list[Step]:
    """The check of each judge, once for all runs, in all languages."""
    comparisons: dict[str, Comparison] = {}
    for one in planned.benchmarks:
        comparisons |= {f"{item.language} {item.id}": item for item in _expected(planned, one)}
    judge = planned.judges.judging("")
    if judge is None:
        return []
    languages = list(dict.fromkeys(item.language for item in comparisons.values()))
    pairs = controls_for(languages, comparisons.values()).all
    steps = []
    for spec, member in judge.members.items():
        asked = questions(pairs, member)
        whole = JudgingTask.of([pair.comparison for pair in pairs], member) if pairs else None
        if whole is not None:
            found = estimating.estimate(replace(whole, pending=asked), probed=False)
            steps.append(_step(CHECK, spec, found))
    return steps


def _expected(planned: Planned, one: PlannedBenchmark) -> Sequence[Comparison]:
    return answers_file.expected(one.benchmark, planned.answer_tokens).comparisons


def _step(name: str, spec: str, found: estimating.Estimate) -> Step:
    return Step(name, spec, found.requests, found.prompt_tokens, found.completion_tokens, found.thought_tokens)


def _tokens(text: str) -> int:
    return round(len(text.encode("utf-8", "replace")) / estimating.BYTES_PER_TOKEN)
