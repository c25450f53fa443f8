"""How well each language is recognised, as measured: `data/identification.csv`.

The file is written by `perf/identification.py`, on sentences that no identifier was trained on.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from xl_alpacaeval_metric.languages import identify

RECOGNISED, ACCEPTED, ACCEPTED_NEAR = 97.0, 3.0, 10.0
"""The bar, in percent: own sentences recognised, others let through, those of near languages."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Percentages of native sentences: recognised, and let through of another language at most.

    `other` and `near` are the worst of languages that are not near and that are, each with its
    percentage; `n` is the number of native sentences.
    """

    code: str
    n: int
    recognised: float
    other: str
    other_accepted: float
    near: str
    near_accepted: float

    @property
    def passes(self) -> bool:
        """Whether the language reaches the bar."""
        return self.recognised >= RECOGNISED and self.other_accepted <= ACCEPTED and self.near_accepted <= ACCEPTED_NEAR


@lru_cache(maxsize=1)
def table() -> dict[str, Evidence]:
    """The evidence by language code."""
    text = resources.files("xl_alpacaeval_metric").joinpath("data/identification.csv").read_text(encoding="utf-8")
    return {
        row["code"]: Evidence(
            row["code"],
            int(row["n"]),
            float(row["recognised"]),
            row["other"],
            float(row["other_accepted"]),
            row["near"],
            float(row["near_accepted"]),
        )
        for row in csv.DictReader(text.splitlines())
    }


def doubtful(code: str) -> bool:
    """Whether a language does not reach the bar, or was not measured."""
    if not identify.is_default():
        return False
    found = table().get(identify.measured_as(code))
    return found is None or not found.passes


def warnings(codes: Iterable[str]) -> list[str]:
    """A line about each language whose fidelity is doubtful, with the reason."""
    return [
        f"{code}: language fidelity is doubtful, {_reason(code)}"
        for code in codes
        if identify.supported(code) and doubtful(code)
    ]


def _reason(code: str) -> str:
    found = table().get(identify.measured_as(code))
    if found is None:
        return "since how well it is recognised was not measured"
    reasons = []
    if found.recognised < RECOGNISED:
        reasons.append(f"only {round(found.recognised, 1):g}% of its sentences are recognised")
    if found.other_accepted > ACCEPTED:
        reasons.append(f"{round(found.other_accepted, 1):g}% of those in {found.other} are taken for it")
    if found.near_accepted > ACCEPTED_NEAR:
        reasons.append(f"{round(found.near_accepted, 1):g}% of those in {found.near} are taken for it")
    return ", ".join(reasons)
