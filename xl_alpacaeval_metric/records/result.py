"""The figures of an evaluation, as frozen records: what results.json holds."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from operator import itemgetter

from xl_alpacaeval_metric.records.judge_check import CheckSummary
from xl_alpacaeval_metric.records.looks import Stopping
from xl_alpacaeval_metric.records.panel import PanelFigures
from xl_alpacaeval_metric.thinking import Thinking


@dataclass(frozen=True, slots=True)
class CriterionScore:
    """The mean level, 1 to 5, of `n` answers on one criterion and its 95% interval.

    None where there are too few answers.
    """

    mean: float | None
    ci95: tuple[float, float] | None
    n: int
    n_missing: int


@dataclass(frozen=True, slots=True)
class WinRate:
    """Value and standard error in percent, nan where `n` is too small for them, and the counts."""

    value: float
    standard_error: float
    wins: int
    losses: int
    ties: int
    n: int
    n_missing: int


@dataclass(frozen=True, slots=True)
class Taste:
    """What a judge gives an answer for its length (or Markdown) as such, and how sure that is.

    In log-odds between an answer and one of the same content that is shorter by the full length
    difference (tanh = 1, see `length_controlled_win_rate`); 0 is no taste.
    """

    value: float
    standard_error: float = 0.0


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How far texts are in the requested language; rates in percent, None where none was scored.

    `fidelity` is the mean percentage of a text that is in its language, `switch_rate` that of texts
    with a span in another, `answered_in` the percentage of texts by the language that they are in
    ("mixed" for several, "none" where none is identified). `n_scored` of the `n` texts were scored;
    `unsupported` are the codes that the language identifier does not support, `doubtful` those that
    it recognises less well than it should.
    """

    line_pass_rate: float | None
    word_pass_rate: float | None
    coverage: float | None
    n: int
    n_scored: int = 0
    unsupported: tuple[str, ...] = ()
    fidelity: float | None = None
    switch_rate: float | None = None
    answered_in: Mapping[str, float] = field(default_factory=dict)
    doubtful: tuple[str, ...] = ()
    by_language: Mapping[str, "Fidelity"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Usage:
    """The cost of judging: requests sent, cached replies, retries, tokens, wall-clock seconds."""

    requests: int = 0
    cached: int = 0
    retries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Scores:
    """The figures of one language, or of all together.

    Percentages are 0..100, lengths in characters; None where a figure is undefined. `n` comparisons
    have a preference and `n_missing` lack one because a verdict is missing. `n_items` is the number
    of comparisons (the sum of the two, when there is a judge), `n_empty` that of empty answers.
    `win_rate_bounds` are the win rates if all that is missing were lost, or won. `lc_reason` says
    why there is no `lc_win_rate`. `first_position_rate` is the mean probability given to the answer
    shown first; the figures of position after it need both orders (see `stats.position`).
    `thinking` is None where no answer came with a thought, `judge_check` where there is no judge.
    `fidelity`, `switch_rate` and `answered_in` are those of `Fidelity`; `win_rate_in_language` is
    the win rate with answers in another language, or mixed, counted as lost. `correct_rate` is that
    of the `n_checkable` answers of which facts are expected (see `correctness`).
    `verdicts_by_order` counts the items that were judged in one order alone, by that order; the
    languages in `one_order` have hardly any in the other: their win rates hold the judge's lean,
    and the intervals what the other order may be.
    Over several languages, rates, levels and lengths are the means of the languages'.
    """

    win_rate: float | None
    win_rate_stderr: float | None
    win_rate_ci95: tuple[float, float] | None
    lc_win_rate: float | None
    lc_win_rate_stderr: float | None
    n: int
    n_missing: int
    n_items: int
    n_empty: int
    wins: int
    losses: int
    ties: int
    line_pass_rate: float | None
    word_pass_rate: float | None
    coverage: float | None
    avg_length: float | None
    avg_reference_length: float | None
    position_consistency: float | None
    win_rate_bounds: tuple[float, float] | None = None
    lc_reason: str | None = None
    first_position_rate: float | None = None
    position_lean: float | None = None
    position_gap: float | None = None
    position_consistency_above_chance: float | None = None
    criteria: Mapping[str, CriterionScore] | None = None
    thinking: Thinking | None = None
    judge_check: CheckSummary | None = None
    fidelity: float | None = None
    switch_rate: float | None = None
    answered_in: Mapping[str, float] = field(default_factory=dict)
    win_rate_in_language: float | None = None
    correct_rate: float | None = None
    n_checkable: int = 0
    verdicts_by_order: Mapping[str, int] = field(default_factory=dict)
    one_order: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Effect:
    """One design minus the baseline over the `n` pairs that both have, in percentage points.

    `p_value_holm` is corrected for the number of designs. None where there are too few prompts.
    """

    difference: float | None
    ci95: tuple[float, float] | None
    p_value: float | None
    n: int
    p_value_holm: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """The figures of an evaluation, with its signature.

    `warnings` are lines to read before the figures, `items` the lines of items.jsonl.
    `by_design` and `effects` (design -> figure -> effect) are empty unless the items have designs.
    """

    overall: Scores
    by_language: Mapping[str, Scores]
    usage: Usage
    signature: str
    missing_reasons: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    by_design: Mapping[str, Scores] = field(default_factory=dict)
    effects: Mapping[str, Mapping[str, Effect]] = field(default_factory=dict)
    items: tuple[Mapping[str, object], ...] = ()
    stopping: Stopping | None = None
    panel: PanelFigures | None = None

    @property
    def most_missing(self) -> tuple[float, str]:
        """The largest share of judgements that are missing, from 0 to 1, and of which.

        Of comparisons those without preference, of answers those without a rating, of each judge of
        a panel the items without a verdict of its.
        """
        criteria, judges = self.overall.criteria or {}, self.panel.by_judge if self.panel else {}
        counts = [
            (self.overall.n, self.overall.n_missing, "verdicts"),
            *((one.n, one.n_missing, f"ratings of {name}") for name, one in criteria.items()),
            *((one.n, one.n_missing, f"verdicts of {judge}") for judge, one in judges.items()),
        ]
        shares = [(missing / (n + missing) if missing else 0.0, kind) for n, missing, kind in counts]
        return max(shares, key=itemgetter(0))

    @property
    def missing_share(self) -> float:
        """The share of `most_missing`."""
        return self.most_missing[0]

    def as_dict(self) -> dict[str, object]:
        """The contents of results.json: plain Python values only."""
        return {
            **_plain(self.overall),
            "by_language": {code: _plain(scores) for code, scores in self.by_language.items()},
            **self._designs(),
            **self._looks(),
            **self._judges(),
            "usage": _plain(self.usage),
            "missing_reasons": dict(self.missing_reasons),
            "warnings": list(self.warnings),
            "signature": self.signature,
        }

    def _judges(self) -> dict[str, object]:
        if self.panel is None:
            return {}
        found = asdict(self.panel, dict_factory=_with_lists)
        return {"by_judge": found["by_judge"], "judge_alpha": found["alpha"]}

    def _looks(self) -> dict[str, object]:
        if self.stopping is None:
            return {}
        found = asdict(self.stopping, dict_factory=_with_lists)
        return {"stopping_rule": found.pop("rule"), **found}

    def _designs(self) -> dict[str, object]:
        if not self.by_design:
            return {}
        effects = {design: {name: _plain(one) for name, one in found.items()} for design, found in self.effects.items()}
        return {"by_design": {design: _plain(scores) for design, scores in self.by_design.items()}, "effects": effects}


def _plain(record: Scores | Usage | Effect) -> dict[str, object]:
    return asdict(record, dict_factory=_with_lists)


def _with_lists(pairs: list[tuple[str, object]]) -> dict[str, object]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in pairs}
