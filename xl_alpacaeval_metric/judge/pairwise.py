"""The judge: a comparison becomes a prompt, and the model's reply becomes a preference."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from xl_alpacaeval_metric import clients, languages, templates
from xl_alpacaeval_metric.clients.base import AUTO_THINKING, Client, Completion, Failure, Reply, Request, Thinking
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge import answer_order, prompt_file
from xl_alpacaeval_metric.judge.prompt_length import PromptLengths
from xl_alpacaeval_metric.judge.verdict.probability import CHOICES, probability_of_a, why_missing
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey, Order, Question, Verdict

MOST_VOTES = 1000
"""Of a judge on one question."""


class Judge:
    """Asks a model which of two answers is better, in one order or in both.

    With `votes` above 1, each question is asked that many times at temperature 1, and the votes are
    averaged (`votes.averaged`).

    A context manager that closes its client if `from_spec` opened it. A client that is passed in
    stays open.
    """

    def __init__(
        self,
        client: Client,
        *,
        seed: int = 0,
        both_orders: bool = False,
        prompt: str | os.PathLike[str] | None = None,
        votes: int = 1,
    ) -> None:
        if isinstance(votes, bool) or not isinstance(votes, int) or not 1 <= votes <= MOST_VOTES:
            raise UserError(f"the judge's votes are {votes!r}; need a whole number from 1 to {MOST_VOTES}")
        self.client = client
        self.votes = votes
        self.seed = seed
        self.both_orders = both_orders
        self.template = prompt_file.load(prompt)
        self._owns_client = False
        languages.get("en")  # Loads CLDR's names now, not while an endpoint waits.

    @classmethod
    def from_spec(
        cls,
        spec: str,
        *,
        base_url: str | None = None,
        concurrency: int = 64,
        args: Mapping[str, object] | None = None,
        device: str | None = None,
        thinking: Thinking = AUTO_THINKING,
        seed: int = 0,
        both_orders: bool = False,
        prompt: str | os.PathLike[str] | None = None,
        votes: int = 1,
        cache: str | Path | None = None,
    ) -> Self:
        """The judge that `BACKEND/MODEL` names, such as "openai/gpt-4o"; close it, or use `with`.

        `base_url` and `concurrency` are for endpoints, `device` for a model loaded here, `args` for
        the backend's own settings, `thinking` is the room to think before a verdict, `prompt` is
        the file of another prompt, or "0.1" for that version's, `votes` the number of times that
        each question is asked, `cache` a file for replies. Raises UserError for a specification of
        another form, "none", an unknown backend or argument, a prompt without its slots, a number
        of votes that is none, and a file that is no cache.
        """
        client = clients.client_for(
            spec, base_url=base_url, concurrency=concurrency, args=args, device=device, thinking=thinking
        )
        if client is None:
            raise UserError(f"judge {spec!r} names no model; need BACKEND/MODEL, such as openai/gpt-4o")
        judge = cls(client, seed=seed, both_orders=both_orders, prompt=prompt, votes=votes)
        judge._owns_client = True
        if cache is not None:
            try:
                judge.use_cache(cache)
            except UserError:
                judge.close()
                raise
        return judge

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the client's connections and memory, unless the client was passed in."""
        if self._owns_client:
            self.client.close()

    def use_cache(self, file: str | Path) -> None:
        """Keep replies in this SQLite file, and send no request whose reply it has.

        Raises UserError where the file is no cache or cannot be written.
        """
        from xl_alpacaeval_metric.clients.cache import CachedClient

        self.client = CachedClient(self.client, file)

    @property
    def members(self) -> Mapping[str, "Judge"]:
        """The judges of a panel by specification; a judge alone is its only member."""
        return {self.client.spec: self}

    def orders(
        self, comparisons: Sequence[Comparison], judged: Mapping[ItemKey, Collection[Order]] | None = None
    ) -> dict[ItemKey, tuple[Order, ...]]:
        """The orders that each comparison is judged in: one, drawn so that they balance, or both.

        `judged` are the orders that items have been judged in already; they stay.
        """
        if self.both_orders:
            return {item.key: answer_order.ORDERS for item in comparisons}
        return {key: (one,) for key, one in answer_order.balanced(comparisons, self.seed, judged).items()}

    def questions(
        self, comparisons: Sequence[Comparison], judged: Mapping[ItemKey, Collection[Order]] | None = None
    ) -> list[Question]:
        """What the judge is asked about the comparisons: each in its orders, for each vote."""
        votes = range(1, self.votes + 1) if self.votes > 1 else (0,)
        orders = self.orders(comparisons, judged)
        return [Question(item, one, vote) for item in comparisons for one in orders[item.key] for vote in votes]

    def request(self, comparison: Comparison, order: Order, vote: int = 0, judge: str = "") -> Request:
        """The prompt for one comparison in one order, asking for one of the tokens A and B.

        Votes are samples at temperature 1, which differ in their seed.
        """
        answers = (comparison.prediction, comparison.reference)
        answer_a, answer_b = answers if order == "candidate_first" else answers[::-1]
        values = {
            "language": languages.get(comparison.language).name,
            "instruction": comparison.instruction,
            "answer_a": answer_a,
            "answer_b": answer_b,
            "nonce": templates.nonce(comparison.instruction, answer_a, answer_b),
        }
        prompt = prompt_file.fill(self.template, values)
        return Request(prompt, max_tokens=1, choices=CHOICES, temperature=float(vote > 0), sample=vote)

    def verdicts(self, tasks: Sequence[Question | tuple[Comparison, Order]]) -> Iterator[Verdict]:
        """One verdict for each question, as the replies come in.

        Raises what the client's `complete` raises.
        """
        reader = VerdictReader(self)
        questions = [Question(*task) for task in tasks]
        requests = [reader.request(question) for question in questions]
        for index, reply in self.client.complete(requests, reader.is_usable):
            yield reader.judgement(questions[index], requests[index], reply)

    @property
    def settings(self) -> Mapping[str, object]:
        """What determines the verdicts beside the items; run folders keep it and are held to it."""
        identity = self.client.identity
        version = identity.get("fingerprint")
        return {
            "judge": f"{self.client.spec}@{version}" if version else self.client.spec,
            **{f"judge_{key}": identity[key] for key in ("thinking", "thinking_tokens") if key in identity},
            **self.asking,
        }

    @property
    def asking(self) -> Mapping[str, object]:
        """The settings that do not depend on the client."""
        return {
            **({"judge_votes": self.votes} if self.votes > 1 else {}),
            "prompt": self.template.sha,
            "order": "both" if self.both_orders else "balanced",
            "seed": self.seed,
        }


class VerdictReader:
    """Turns a question into a request, and the reply into a verdict."""

    def __init__(self, judge: Judge) -> None:
        self._judge, self._lengths = judge, PromptLengths()

    def request(self, question: Question) -> Request:
        return self._judge.request(*question)

    def is_usable(self, completion: Completion) -> bool:
        """Whether the reply holds a verdict."""
        return probability_of_a(completion) is not None

    def judgement(self, question: Question, request: Request, reply: Reply) -> Verdict:
        """The verdict in the reply; warns once of a server that cuts prompts."""
        self._lengths.check(request, reply)
        return _verdict(question, reply)


@contextmanager
def open_judge(
    judge: Judge | str | None,
    *,
    how_to_set: str = 'give judge="openai/MODEL" (or hf/..., vllm/...), set XL_JUDGE, or judge="none"',
    **settings: Any,
) -> Iterator[Judge | None]:
    """The judge that a specification names, closed at the end; None for "none".

    Without a specification, that in the environment variable XL_JUDGE. `settings` are those of
    `Judge.from_spec`. A Judge is passed through, and stays open. Raises UserError, which says
    `how_to_set` it, where there is no specification, and as `Judge.from_spec` does.
    """
    if isinstance(judge, Judge):
        yield judge
        return
    spec = judge or os.environ.get("XL_JUDGE")
    if not spec:
        raise UserError(f"no judge is set: {how_to_set}")
    if not isinstance(spec, str):
        raise UserError(f"judge is {type(spec).__name__}; need a Judge, or a specification such as 'openai/gpt-4o'")
    if spec == "none":
        yield None
        return
    with Judge.from_spec(spec, **settings) as opened:
        yield opened


def _verdict(question: Question, reply: Reply) -> Verdict:
    comparison, order, vote, judge = question
    if isinstance(reply, Failure):
        return Verdict(*comparison.key, order, None, reason=reply.reason, retries=reply.retries, vote=vote, judge=judge)
    a = probability_of_a(reply)
    preference = None if a is None else (a if order == "candidate_first" else 1.0 - a)
    return Verdict(
        *comparison.key,
        order,
        preference,
        reason=why_missing(reply) if preference is None else None,
        raw=reply.text,
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        retries=reply.retries,
        cached=reply.cached,
        vote=vote,
        judge=judge,
    )
