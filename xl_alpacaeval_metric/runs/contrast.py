"""The difference of two runs: rates, interval and p-value, over all languages and in each."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True)
class Contrast:
    """Run A and run B on the `n` items that have a verdict in both.

    Win rates are in percent, the difference A - B in percentage points; over several languages they
    are the means of the languages. `n_prompts` is the number of prompts of these items, `n_missing`
    that of shared items without a verdict in either run. `p_value_holm` is corrected for the number
    of languages, `p_value_adjusted` for the number of pairs where more than two runs are compared.
    None where a figure is undefined.
    """

    win_rate_a: float | None
    win_rate_b: float | None
    difference: float | None
    difference_ci95: tuple[float, float] | None
    p_value: float | None
    p_value_holm: float | None
    n: int
    n_prompts: int
    n_missing: int
    p_value_adjusted: float | None = None


@dataclass(frozen=True, slots=True)
class RunComparison:
    """The comparison of two runs, overall and by language.

    `a` and `b` are what the user gave, `model_a` and `model_b` the names of the models, empty where
    they are not known.

    Left out are `only_a` and `only_b`, the items of one run only, counted by language, and
    `n_changed` items with the same id and language but different instructions. `answered_in_a` and
    `answered_in_b` are, by language asked for, the percentage of the shared answers by the language
    that they are in, `thought_in_a` and `thought_in_b` the same of their thoughts; empty unless a
    figure of language is compared.
    """

    a: str
    b: str
    overall: Contrast
    by_language: Mapping[str, Contrast]
    only_a: Mapping[str, int]
    only_b: Mapping[str, int]
    n_changed: int
    caveats: tuple[str, ...]
    signature_a: str
    signature_b: str
    figure: str = "win_rate"
    answered_in_a: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    answered_in_b: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    thought_in_a: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    thought_in_b: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    model_a: str = ""
    model_b: str = ""

    def as_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        content = asdict(self)
        return {"a": content.pop("a"), "b": content.pop("b"), **content.pop("overall"), **content}
