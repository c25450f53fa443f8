"""What the judge check found: accuracy, resolution, lean and taste for length, by language."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

Finding = Literal["passed", "doubtful", "no judge", "unchecked"]
NO_JUDGE: Finding = "no judge"

FAULTY = "has a fault"
"""The reason of a judge that would pass but for its faults."""


@dataclass(frozen=True, slots=True)
class KindFigures:
    """The figures on one kind of pairs, in percent; None where they have no meaning or no data.

    `accuracy` is the share of pairs whose right answer wins over both orders, half of one for a
    tie; `resolution` the mean probability given to it; `first_position_rate` that given to the
    answer shown first. `n` pairs were judged, `n_missing` lack a verdict.
    """

    accuracy: float | None
    resolution: float | None
    first_position_rate: float | None
    n: int
    n_missing: int


@dataclass(frozen=True, slots=True)
class CheckFigures:
    """The figures of one language, or of all together, in percent.

    `ci95` is that of the accuracy. `length_taste` is the judge's taste for length in log-odds at
    full length difference (see `stats.length_control`), with its standard error; `markdown_taste`
    that for Markdown.
    """

    verdict: Finding
    accuracy: float | None
    resolution: float | None
    ci95: tuple[float, float] | None
    first_position_rate: float | None
    length_taste: float | None
    length_taste_stderr: float | None
    n: int
    n_missing: int
    by_kind: Mapping[str, KindFigures] = field(default_factory=dict)
    reason: str | None = None
    markdown_taste: float | None = None
    markdown_taste_stderr: float | None = None

    @property
    def summary(self) -> "CheckSummary":
        return CheckSummary(self.verdict, self.accuracy, self.resolution, self.ci95)


@dataclass(frozen=True, slots=True)
class CheckSummary:
    """What stands beside a win rate of the check of its judge."""

    verdict: Finding
    accuracy: float | None = None
    resolution: float | None = None
    ci95: tuple[float, float] | None = None


UNCHECKED = CheckSummary("unchecked")


@dataclass(frozen=True, slots=True)
class JudgeCheck:
    """A judge's check; `faults` are lines on what it does wrong, and in which languages.

    `unchecked` has the languages without references, with the reason. `controls` is the hash of the
    pairs. `notes` say what was left out. `judges` are the checks of a panel's judges, whose mean
    the other figures are of; empty for one judge.
    """

    overall: CheckFigures
    by_language: Mapping[str, CheckFigures]
    faults: tuple[str, ...]
    judge: str
    prompt: str
    controls: str
    n_verdicts: int = 0
    n_verdicts_missing: int = 0
    requests: int = 0
    cached: int = 0
    unchecked: Mapping[str, str] = field(default_factory=dict)
    missing_reasons: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    judges: Mapping[str, "JudgeCheck"] = field(default_factory=dict)

    def summary(self, language: str | None = None) -> CheckSummary:
        """Of one language or, for None, of all together."""
        found = self.overall if language is None else self.by_language.get(language)
        return UNCHECKED if found is None else found.summary

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to read before the figures of this judge: where it is none, and its faults."""
        of_judges = [f"judge {name}: {line}" for name, check in self.judges.items() for line in check.findings]
        unchecked = [f"judge unchecked in {code}: {reason}" for code, reason in self.unchecked.items()]
        return (*self.findings, *of_judges, *unchecked)

    @property
    def findings(self) -> tuple[str, ...]:
        """Where it is no judge, or a doubtful one, and why; and its faults."""
        lines = []
        for verdict in ("no judge", "doubtful"):
            by_reason: dict[str, list[str]] = {}
            for code, found in self.by_language.items():
                if found.verdict == verdict and found.reason and found.reason != FAULTY:
                    by_reason.setdefault(found.reason, []).append(code)
            lines += [f"{verdict} in {', '.join(codes)}: it {reason}" for reason, codes in by_reason.items()]
        lines += [f"fault of the judge: {line}" for line in self.faults]
        return tuple(lines)

    def as_dict(self) -> dict[str, object]:
        """The contents of check.json: plain Python values only."""
        found = asdict(self, dict_factory=_with_lists)
        overall = found.pop("overall")
        found.pop("judges")
        assert isinstance(overall, dict)
        judges = {"judges": {name: check.as_dict() for name, check in self.judges.items()}} if self.judges else {}
        return {**overall, **found, **judges}


def _with_lists(pairs: list[tuple[str, object]]) -> dict[str, object]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in pairs}
