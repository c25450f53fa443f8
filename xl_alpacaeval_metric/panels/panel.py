"""A panel: several judges that are asked the same questions, one judge after the other."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.clients.base import IsUsable, Reply, Request
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge.pairwise import Judge, open_judge
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey, Order, Question, Verdict
from xl_alpacaeval_metric.terminal import counted


class Panel(Judge):
    """Judges whose verdicts on an item are averaged; each verdict carries its judge.

    It stands where a judge does. A context manager like its judges, which it closes.
    """

    def __init__(self, judges: Sequence[Judge]) -> None:
        """Raises UserError for fewer than two judges, and for the same judge twice."""
        if len(judges) < 2:
            raise UserError(f"a panel needs two judges or more; {len(judges)} given")
        _refuse_twice(judge.client.spec for judge in judges)
        first = judges[0]
        self.judges = {judge.client.spec: judge for judge in judges}
        self.client = _PanelClient(list(judges))
        self.seed, self.both_orders, self.votes = first.seed, first.both_orders, first.votes
        self.template = first.template
        self._owns_client = True

    @property
    def members(self) -> Mapping[str, Judge]:
        """The judges by specification."""
        return self.judges

    def use_cache(self, file: str | Path) -> None:
        """Keep the replies to all judges in this SQLite file; raises UserError as a judge does."""
        for judge in self.judges.values():
            judge.use_cache(file)

    def questions(
        self, comparisons: Sequence[Comparison], judged: Mapping[ItemKey, Collection[Order]] | None = None
    ) -> list[Question]:
        """What each judge is asked about the comparisons."""
        return [
            question._replace(judge=spec)
            for spec, judge in self.judges.items()
            for question in judge.questions(comparisons, judged)
        ]

    def verdicts(self, tasks: Sequence[Question | tuple[Comparison, Order]]) -> Iterator[Verdict]:
        """One verdict for each question, by the judge that it names."""
        questions = [Question(*task) for task in tasks]
        for spec, judge in self.judges.items():
            yield from judge.verdicts([question for question in questions if question.judge == spec])

    @property
    def settings(self) -> Mapping[str, object]:
        """What the judges have in common; where they differ, their values joined by +."""
        return joined([judge.settings for judge in self.judges.values()])


def joined(every: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """The settings of several judges as one; where they differ, the values joined by +."""
    found: dict[str, object] = {}
    for key in dict.fromkeys(key for settings in every for key in settings):
        values = [settings.get(key) for settings in every]
        same = all(value == values[0] for value in values)
        found[key] = values[0] if same else "+".join(map(str, values))
    return found


class _PanelClient:
    """The judges' clients, where one client is looked at: their names, identities and probes."""

    def __init__(self, judges: list[Judge]) -> None:
        self._judges = judges

    @property
    def spec(self) -> str:
        return "+".join(judge.client.spec for judge in self._judges)

    @property
    def identity(self) -> Mapping[str, object]:
        return {"panel": [dict(judge.client.identity) for judge in self._judges]}

    def preflight(self) -> None:
        for judge in self._judges:
            judge.client.preflight()

    def complete(self, requests: Sequence[Request], is_usable: IsUsable | None = None) -> Iterator[tuple[int, Reply]]:
        raise UserError(f"a panel of judges ({self.spec}) gives verdicts alone; name one judge for criteria")

    def close(self) -> None:
        for judge in self._judges:
            judge.close()


@contextmanager
def open_judges(
    judge: "Judge | str | Sequence[str] | None", base_url: str | Sequence[str] | None = None, **settings: Any
) -> Iterator[Judge | None]:
    """The judge that a specification names, or the panel that several name, closed at the end.

    As `open_judge`. `base_url` is one address for all endpoints, or one for each judge. Raises
    UserError for a panel with `none` in it, and another number of addresses than of judges.
    """
    specs: list[Judge | str | None] = [*judge] if isinstance(judge, list | tuple) else [judge]  # type: ignore[list-item]
    urls: list[str | None] = [*base_url] if isinstance(base_url, list | tuple) else [base_url]  # type: ignore[list-item]
    specs = specs or [None]
    if len(urls) < 2:
        urls = (urls or [None]) * len(specs)
    if len(urls) != len(specs):
        raise UserError(
            f"{counted(len(urls), 'address', 'addresses')} for {counted(len(specs), 'judge')}; "
            "give one for all, or one for each judge"
        )
    if len(specs) == 1:
        with open_judge(specs[0], base_url=urls[0], **settings) as opened:
            yield opened
        return
    if "none" in specs:
        raise UserError("judge none cannot be on a panel; leave it out, or leave the other judges out")
    _refuse_twice(spec for spec in specs if isinstance(spec, str))
    with ExitStack() as stack:
        judges = [
            stack.enter_context(open_judge(spec, base_url=url, **settings))
            for spec, url in zip(specs, urls, strict=True)
        ]
        yield Panel([one for one in judges if one is not None])


def _refuse_twice(specs: Iterable[str]) -> None:
    for spec, count in Counter(specs).items():
        if count > 1:
            raise UserError(f"judge {spec!r} is given twice; a panel needs different judges")
