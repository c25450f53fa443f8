"""The training data's language pairs, rows, and columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.errors import UserError

if TYPE_CHECKING:
    import datasets

LANGUAGES = ("de", "pt", "hu", "lt", "ga", "mt", "zh", "hi", "fi", "tr", "en")
"""Response languages of the released data and of the bundled sample."""
PAIRS = tuple(f"en-{code}" for code in LANGUAGES)
BEST_OF_3 = tuple(f"en-{code}" for code in languages.PAPER)
"""Pairs that are released in the variant with the best of three translations, too."""
SCORED = ("en-en",)
"""Pairs that are released with scores."""
VARIANTS = {"default": PAIRS, "best_of_3": BEST_OF_3, "scored": SCORED}
CRITERIA = ("precision", "informativeness", "naturalness", "objectivity")


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a row comes from: dataset, seed passage, models, prompts, and their licences.

    `models` and `prompts` map a stage to its model and to the hash of its prompt. `non_commercial`
    is True where one of the models forbids commercial use.
    """

    dataset: str
    license: str
    seed_source: str | None = None
    seed_license: str | None = None
    models: Mapping[str, str] = field(default_factory=dict)
    prompts: Mapping[str, str] = field(default_factory=dict)
    non_commercial: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """How a response was chosen: method, number of candidates, and index of the chosen one.

    `scores` are those of all candidates, None for one that was not scored.
    """

    method: str
    candidates: int | None = None
    chosen: int | None = None
    scores: Sequence[float | None] | None = None


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """One example: an instruction and a response, each in its language.

    The instruction names the response language. `scores` are 1 to 5 by criterion, None if unscored.
    `passage` is what the row was made from, `source_response` the response before it was
    translated; None where there is none, or its licence does not let it be passed on.
    """

    id: str
    instruction: str
    response: str
    instruction_language: str
    response_language: str
    provenance: Provenance
    scores: Mapping[str, float] | None = None
    selection: Selection | None = None
    passage: str | None = None
    source_response: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The row with the columns of `features()`."""
        provenance = _columns(self.provenance)
        for stages in ("models", "prompts"):
            provenance[stages] = [{"stage": key, "value": value} for key, value in provenance[stages].items()]
        return {
            "id": self.id,
            "instruction": self.instruction,
            "response": self.response,
            "instruction_language": self.instruction_language,
            "response_language": self.response_language,
            "messages": [
                {"role": "user", "content": self.instruction},
                {"role": "assistant", "content": self.response},
            ],
            "scores": None if self.scores is None else {name: self.scores.get(name) for name in CRITERIA},
            "selection": None if self.selection is None else _columns(self.selection),
            "provenance": provenance,
            "passage": self.passage,
            "source_response": self.source_response,
        }


def _columns(record: Provenance | Selection) -> dict[str, Any]:
    # `asdict` also copies all values, which took a third of the time of a build.
    return {name: getattr(record, name) for name in type(record).__slots__}


def features() -> "datasets.Features":
    """The columns of the Parquet files, the same in every configuration."""
    from datasets import Features, List, Value

    text, number = Value("string"), Value("float32")
    stages = List({"stage": text, "value": text})
    return Features(
        {
            "id": text,
            "instruction": text,
            "response": text,
            "instruction_language": text,
            "response_language": text,
            "messages": List({"role": text, "content": text}),
            "scores": dict.fromkeys(CRITERIA, number),
            "selection": {
                "method": text,
                "candidates": Value("int32"),
                "chosen": Value("int32"),
                "scores": List(number),
            },
            "provenance": {
                "dataset": text,
                "license": text,
                "seed_source": text,
                "seed_license": text,
                "models": stages,
                "prompts": stages,
                "non_commercial": Value("bool"),
            },
            "passage": text,
            "source_response": text,
        }
    )


def languages_of(pair: str) -> tuple[str, str]:
    """The canonical codes of the instruction and response language of a pair such as `en-fi`.

    Only the response language may have a region or a script (`en-pt-BR`). Raises UserError with the
    nearest pairs.
    """
    source, _, target = pair.strip().partition("-")
    reason = f"give instruction and response language, as in {PAIRS[8]}"
    near = get_close_matches(pair.lower(), PAIRS, n=2, cutoff=0.8)
    try:
        if source and target:
            return languages.get(source).code, languages.get(target).code
        if source not in ("", "en"):
            near = near or [f"en-{languages.get(source).code}"]
    except UserError as error:
        reason = str(error) if target else reason
    hint = f"did you mean {' or '.join(near)}?" if near else reason
    raise UserError(f"unknown language pair {pair[:40]!r}: {hint}") from None


def is_pair(name: str) -> bool:
    """Whether the name is a language pair that `languages_of` knows."""
    try:
        languages_of(name)
    except UserError:
        return False
    return True


def canonical(pair: str) -> str:
    """The canonical form of a pair: en-fi for `EN-FI`, `eng-fin`; raises as `languages_of` does."""
    return "-".join(languages_of(pair))
