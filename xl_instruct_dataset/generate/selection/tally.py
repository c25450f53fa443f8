"""What came of a job, in figures."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from xl_alpacaeval_metric.files.parquet import Written
from xl_instruct_dataset.generate.documents import Rejection, Usage, UsageByStage, UsageKey, add_usage
from xl_instruct_dataset.generate.job import Job


@dataclass(slots=True)
class Tally:
    """Passages in, rows by language, drops by (stage, reason, language), and usage.

    The language of a drop is empty where it is one of the passage in all languages. `fallen_back`
    is how many selections the judge could not make, so that chrF made them. `benchmarks` are those
    that rows were compared with, `not_checked` lines about the others.
    """

    passages: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    dropped: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    usage: UsageByStage = field(default_factory=dict)
    fallen_back: int = 0
    benchmarks: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()

    def drop(self, rejection: Rejection, language: str) -> None:
        """Count a drop."""
        self.dropped[rejection.stage, rejection.reason, language] += 1

    @property
    def usage_by_stage(self) -> dict[str, Usage]:
        """The usage of each stage in all languages together."""
        found: UsageByStage = {}
        for key, used in self.usage.items():
            add_usage(found, {UsageKey(key.stage): used})
        return {key.stage: used for key, used in found.items()}

    @property
    def usage_by_language(self) -> list[tuple[UsageKey, Usage]]:
        """The usage for one language alone, of the stages that ask for one at a time."""
        return [(key, used) for key, used in self.usage.items() if key.language]

    def as_dict(self) -> dict[str, object]:
        """For report.json."""
        return {
            "passages": self.passages,
            "rows": dict(self.rows),
            "dropped": [
                {"stage": stage, "reason": reason, "language": language or None, "count": count}
                for (stage, reason, language), count in self.dropped.most_common()
            ],
            "fallen_back_to_chrf": self.fallen_back,
            "usage": {stage: asdict(used) for stage, used in self.usage_by_stage.items()},
            "usage_by_language": [{**key._asdict(), **asdict(used)} for key, used in self.usage_by_language],
            "benchmarks": list(self.benchmarks),
            "not_looked_at": list(self.not_checked),
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job made: rows and bytes by pair, the tally, and the unused passages, by reason."""

    job: Job
    written: Mapping[str, Written]
    tally: Tally
    unused: Counter[str]

    @property
    def short(self) -> Mapping[str, int]:
        """Languages with fewer rows than wanted, and how many they have."""
        settings = self.job.settings
        counts = {target: self.tally.rows[target] for target in settings.targets}
        return {target: count for target, count in counts.items() if count < settings.wanted_rows}
