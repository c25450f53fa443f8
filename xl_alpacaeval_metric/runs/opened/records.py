"""What is opened: answers with all that is known of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.languages import fidelity
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey, Verdict
from xl_alpacaeval_metric.runs.finished import Setting

Kind = Literal["run", "answers", "harness"]


@dataclass(frozen=True, slots=True)
class OpenedItem:
    """An answer with its instruction, its reference, and what was found out about it.

    `comparison` has the texts, lengths follow from them; `reference` is empty where there is none.
    `verdicts` are those on it, votes averaged; `preference` is their mean in [0, 1], None where it
    is missing or nothing was judged. `scores` are levels, 1 to 5, by criterion. `language` is the
    part of items.jsonl about the answer's language: line_pass, word_pass, fidelity, answered_in,
    switched, spans. `cut` is None where that is not known. `withheld` is why an endpoint gave no
    answer, empty where it gave one.
    """

    comparison: Comparison
    preference: float | None = None
    verdicts: tuple[Verdict, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    language: Mapping[str, Any] = field(default_factory=dict)
    cut: bool | None = None
    subset: str = ""
    withheld: str = ""

    @property
    def key(self) -> ItemKey:
        """(id, language)."""
        return self.comparison.key


def cut_off(row: Mapping[str, Any]) -> bool | None:
    """Whether a row of samples.jsonl, or of a file of answers, says that its answer was cut off."""
    found = row.get("cut")
    return found if isinstance(found, bool) else None


def why_withheld(row: Mapping[str, Any]) -> str:
    """Why such a row has no answer of its endpoint; empty where it has one."""
    if refused := row.get("refused"):
        return f"the endpoint refused the prompt: {refused}"
    return "withheld by the endpoint's content filter" if row.get("filtered") is True else ""


@dataclass(frozen=True, slots=True)
class Opened:
    """Answers of one model.

    `name` is what the user gave, `model` the model's name, empty where it is not known. `setting`
    has the signature, the judge's identity and the settings; `results` are those of results.json,
    and `check` those of check.json, empty where there are none; a log has some of the latter by
    language. `date` is when the answers were judged, in ISO 8601, empty where that is not known.
    `judged` says whether there are verdicts. `notes` are lines about what was left out.
    """

    name: str
    path: Path
    kind: Kind
    model: str
    setting: Setting
    items: Sequence[OpenedItem]
    results: Mapping[str, Any] = field(default_factory=dict)
    check: Mapping[str, Any] = field(default_factory=dict)
    date: str = ""
    notes: tuple[str, ...] = ()

    @property
    def checks(self) -> Mapping[str, Mapping[str, Any]]:
        """What the check of the judge found, by language."""
        found = self.check.get("by_language")
        return found if isinstance(found, dict) else {}

    @property
    def judged(self) -> bool:
        return any(item.verdicts or item.preference is not None for item in self.items)

    @property
    def comparisons(self) -> list[Comparison]:
        """The texts alone."""
        return [item.comparison for item in self.items]

    def with_verdicts(self) -> "Opened":
        """Itself; raises UserError where nothing was judged."""
        if not self.judged:
            raise UserError(
                f"{self.name}: has answers and no verdicts; judge them first: xl-alpacaeval judge {self.name}"
            )
        return self


def with_languages(items: Iterable[OpenedItem]) -> list[OpenedItem]:
    """The items with the language of each answer, identified where it was not known."""
    found = list(items)
    unknown = [place for place, item in enumerate(found) if not item.language]
    texts = [found[place].comparison for place in unknown]
    measured = fidelity.texts_fidelity([item.prediction for item in texts], [item.language for item in texts])
    for place, one in zip(unknown, measured, strict=True):
        found[place] = replace(found[place], language=fidelity.fidelity_row(one))
    return found
