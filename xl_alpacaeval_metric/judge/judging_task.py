"""The judging task: comparisons and a judge, with what is judged already and what is pending."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self, TypeVar

from xl_alpacaeval_metric import correctness, languages
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge import answer_order, rating
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.judge.rubric import Rubric
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey, Order, Question, Rating, Verdict, VerdictKey
from xl_alpacaeval_metric.terminal import counted_of

Judgement = TypeVar("Judgement", Verdict, Rating)


@dataclass(frozen=True, slots=True)
class JudgingTask:
    """The questions to a judge about some comparisons; `of` builds one.

    A question is a comparison in one order, or one vote on it. `verdicts` and `ratings` are those
    of an earlier run that count; `pending` are the questions without a verdict, `unrated` the
    comparisons without a rating. Without a judge there are no questions, without a rubric nothing
    is rated. `new` are the judgements made since, and `seconds` the time they took.
    `not_judged` are items without a reference, which count in no figure that needs a judge.
    """

    comparisons: Sequence[Comparison]
    judge: Judge | None
    rubric: Rubric | None
    verdicts: Mapping[VerdictKey, Verdict]
    ratings: Mapping[ItemKey, Rating]
    pending: Sequence[Question]
    unrated: Sequence[Comparison]
    new: Sequence[Verdict | Rating] = ()
    seconds: float = 0.0
    not_judged: frozenset[ItemKey] = frozenset()

    @classmethod
    def of(
        cls,
        comparisons: Sequence[Comparison],
        judge: Judge | None,
        *,
        rubric: Rubric | None = None,
        verdicts: Iterable[Verdict] = (),
        ratings: Iterable[Rating] = (),
        without: Collection[ItemKey] = (),
    ) -> Self:
        """The task of judging these comparisons, and of rating them where there is a rubric.

        `verdicts` and `ratings` are those of an earlier run. Of several on a question or an item
        the last one counts. A verdict without a preference does not count, nor does a rating
        without scores or by another rubric. Items `without` are those that have no reference: they
        are not judged.

        Raises UserError where there are no comparisons, for a repeated item, an unknown language, a
        text that is no string, and for a rubric without a judge.
        """
        items = _checked(comparisons)
        if rubric is not None and judge is None:
            raise UserError("criteria are rated by a judge, and there is none; give a judge, or leave the criteria out")
        found = {verdict.key: verdict for verdict in verdicts if verdict.preference is not None}
        judged: dict[ItemKey, set[Order]] = defaultdict(set)
        for verdict in found.values():
            judged[verdict.id, verdict.language].add(verdict.order)
        not_judged = frozenset(without) if judge else frozenset()
        questions = judge.questions([item for item in items if item.key not in not_judged], judged) if judge else []
        rated = rating.finished(ratings, rubric) if rubric else {}
        return cls(
            comparisons=items,
            judge=judge,
            rubric=rubric,
            verdicts={question.key: found[question.key] for question in questions if question.key in found},
            ratings={item.key: rated[item.key] for item in items if item.key in rated},
            pending=[question for question in questions if question.key not in found],
            unrated=[item for item in items if item.key not in rated] if rubric else [],
            not_judged=not_judged,
        )

    @property
    def settings(self) -> Mapping[str, object]:
        """The judge's settings, with the orders as they are: an earlier version drew a coin."""
        if self.judge is None:
            return {"judge": "none"}
        if self.judge.both_orders:
            return self.judge.settings
        orders = {key[:2]: key[2] for key in (*self.verdicts, *(question.key for question in self.pending))}
        return {**self.judge.settings, "order": "balanced" if answer_order.is_balanced(orders) else "seeded"}

    @property
    def n_questions(self) -> int:
        """The number of verdicts when the task is finished."""
        return len(self.verdicts) + len(self.new_verdicts) + len(self.pending)

    @property
    def new_verdicts(self) -> list[Verdict]:
        """The verdicts among the new judgements."""
        return [one for one in self.new if isinstance(one, Verdict)]

    def left_out(self) -> list[str]:
        """A warning about items that have no reference; none where there are none."""
        codes = [item.language for item in self.comparisons if item.key in self.not_judged]
        if not codes:
            return []
        named = f"({', '.join(dict.fromkeys(codes))})"
        without = counted_of(
            len(codes),
            len(self.comparisons),
            "item",
            f"{named} has no reference and was",
            f"{named} have no reference and were",
        )
        return [f"{without} not judged: language fidelity alone"]

    def with_judgements(self, new: Iterable[Verdict | Rating], seconds: float) -> Self:
        """The same task with new judgements, which took `seconds`; nothing in them is asked again.

        One that is missing counts: its question has been asked as often as it should be.
        """
        found = [*self.new, *new]
        judged = {one.key for one in found if isinstance(one, Verdict)}
        rated = {one.key for one in found if isinstance(one, Rating)}
        return replace(
            self,
            pending=[question for question in self.pending if question.key not in judged],
            unrated=[item for item in self.unrated if item.key not in rated],
            new=found,
            seconds=self.seconds + seconds,
        )

    def with_answers(self, comparisons: Sequence[Comparison]) -> Self:
        """The same task on the same items, with the answers in these comparisons.

        Raises UserError as `of` does.
        """
        items = {item.key: item for item in _checked(comparisons)}
        return replace(
            self,
            comparisons=[items[item.key] for item in self.comparisons],
            pending=[question._replace(comparison=items[question.comparison.key]) for question in self.pending],
            unrated=[items[item.key] for item in self.unrated],
        )

    def judge_pending(self, on_verdict: Callable[[Verdict], None] | None = None) -> list[Verdict]:
        """All verdicts of the task: those there are, and new ones on what is pending.

        `on_verdict` is called with each verdict that comes in. Raises what the client's `complete`
        raises.
        """
        found = [*map(_as_cached, self.verdicts.values()), *self.new_verdicts]
        for verdict in self.judge.verdicts(self.pending) if self.judge else ():
            found.append(verdict)
            if on_verdict is not None:
                on_verdict(verdict)
        return found

    def rate_unrated(self, on_rating: Callable[[Rating], None] | None = None) -> list[Rating]:
        """One rating for each comparison, in their order; empty without a rubric.

        `on_rating` is called with each rating that comes in. Raises as `judge_pending` does.
        """
        if self.judge is None or self.rubric is None:
            return []
        found = {key: _as_cached(earlier) for key, earlier in self.ratings.items()}
        found |= {one.key: one for one in self.new if isinstance(one, Rating)}
        for new in rating.rate(self.unrated, self.judge.client, self.rubric):
            found[new.key] = new
            if on_rating is not None:
                on_rating(new)
        return [found[item.key] for item in self.comparisons]


def check(comparisons: Sequence[Comparison]) -> None:
    """Raises UserError for no comparisons, a text that is none, wrong facts, a repeated item."""
    if not comparisons:
        raise UserError("nothing to score: no comparisons were given")
    for number, item in enumerate(comparisons, 1):
        for name in ("instruction", "prediction", "reference"):
            if not isinstance(getattr(item, name), str):
                raise UserError(f"comparison {number}: {name} is {type(getattr(item, name)).__name__}, not text")
        correctness.check(item)
    (key, count) = Counter(item.key for item in comparisons).most_common(1)[0]
    if count > 1:
        raise UserError(f"id {key[0]!r} stands {count} times in language {key[1]!r}; ids must be unique in a language")


def _checked(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The comparisons with canonical language codes; raises UserError as `JudgingTask.of` does."""
    check(comparisons)
    return [replace(item, language=languages.get(item.language).code) for item in comparisons]


def _as_cached(judgement: Judgement) -> Judgement:
    """A judgement of an earlier run, which costs nothing in this one."""
    return replace(judgement, cached=True, prompt_tokens=0, completion_tokens=0, retries=0)
