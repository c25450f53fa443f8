"""A judge held to people's labels: the win rate anchored in them, and an audit of the judge."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge import aggregate
from xl_alpacaeval_metric.labels import agreement, draw, label_file
from xl_alpacaeval_metric.labels.agreement import Agreement
from xl_alpacaeval_metric.labels.label_file import Labels, known
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs import verdicts as run_verdicts
from xl_alpacaeval_metric.stats.anchoring import anchored_win_rate, labels_for_width
from xl_alpacaeval_metric.stats.intervals import win_rate_interval
from xl_alpacaeval_metric.stats.missing import as_preferences, none_if_nan, none_if_undefined
from xl_alpacaeval_metric.stats.strata import Strata
from xl_alpacaeval_metric.terminal import counted, counted_of

FEW_PROMPTS = 20


@dataclass(frozen=True, slots=True)
class Anchored:
    """The anchored win rate of a language, or of all, beside the judge's; None where it has none.

    `anchored_win_rate` with its interval is what people would say of all `n` items, from `n_labels`
    labelled items; `judge_only` is the judge's mean preference. `effective_n` labels would be as
    precise without the judge. `labels_for_width`: how many labelled items an interval of the wanted
    width takes (None where labels on all items are not enough, with `width_all_labelled` what those
    would give). `reason`: why there is no anchored win rate.
    """

    anchored_win_rate: float | None
    anchored_win_rate_ci95: tuple[float, float] | None
    judge_only: float | None
    judge_only_ci95: tuple[float, float] | None
    n: int
    n_labels: int
    n_labelled_prompts: int
    effective_n: float | None
    weight: float | None
    labels_for_width: int | None
    width_all_labelled: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """A judge held to labels, overall and by language; `agreement` is judge and people compared.

    `warnings` say what makes the figures void or weaker: labels that no sheet drew, items of a
    sheet that have none.
    """

    overall: Anchored
    by_language: Mapping[str, Anchored]
    agreement: Agreement
    n_drawn: int
    warnings: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        content = asdict(self)
        return {**content.pop("overall"), **content}


def calibrate(run: Path, paths: Sequence[Path], width: float | None = None) -> Calibration:
    """Hold the verdicts of a run to the labels in these files (see `label_file.read`).

    `width`: of a wanted interval, from end to end, in percentage points. Overall, each
    language that has labels weighs the same.

    Raises UserError where the run has no verdicts or no answers, for a label of an item that the
    run has not, for labels on fewer than three prompts, and for labels that are all the same.
    """
    verdicts, samples = run_verdicts.read(run), run_verdicts.read_samples(run)
    if not samples:
        raise UserError(f"{run}: holds no {run_folder.SAMPLES}; need the run folder that the labels are of")
    labels = label_file.read(paths, samples, samples)
    unknown = next((key for key in labels.values if key not in samples), None)
    if unknown is not None:
        identifier, code = unknown
        language = f" in {code}" if code else ""
        raise UserError(f"{labels.places[unknown]}: id {identifier!r}{language} is not an item of {run}")
    preferences = {key: aggregate.preference_of(judged) for key, judged in verdicts.items() if key in samples}
    orders = {key: aggregate.order_of(judged) for key, judged in verdicts.items()}
    found = agreement.measure(verdicts, labels, {key: item.cluster for key, item in samples.items()})
    means = {key: value for key, value in labels.means().items() if value is not None}
    used = [key for key in samples if key in means and preferences.get(key) is not None]
    languages = [code for code in dict.fromkeys(code for _, code in samples) if any(key[1] == code for key in used)]
    inside = [item for item in samples.values() if item.language in languages]
    overall = _anchored(inside, preferences, orders, means, width, by_language=True)
    if overall.reason:
        raise UserError(f"{', '.join(map(str, paths))}: {overall.reason}")
    by_language = {
        code: _anchored([item for item in inside if item.language == code], preferences, orders, means, width)
        for code in languages
    }
    drawn = {item.key for design in labels.draws for item in draw.drawn(samples.values(), design)}
    warnings = tuple(_warnings(labels, used, drawn, len(samples) - len(inside)))
    return Calibration(overall, by_language, found, len(drawn), warnings)


def _anchored(
    items: Sequence[Comparison],
    preferences: Mapping[ItemKey, float | None],
    orders: Mapping[ItemKey, str],
    means: Mapping[ItemKey, float],
    width: float | None,
    *,
    by_language: bool = False,
) -> Anchored:
    judge = [preferences.get(item.key) for item in items]
    people = [means.get(item.key) for item in items]
    prompts = [item.cluster for item in items]
    languages = [item.language for item in items] if by_language else None
    halves = [orders.get(item.key) for item in items]
    found, reason = None, None
    needed: tuple[int | None, float | None] = (None, None)
    try:
        found = anchored_win_rate(judge, people, prompts, languages, orders=halves)
        if width is not None:
            needed = labels_for_width(width, judge, people, prompts, languages, orders=halves)
    except UserError as error:
        reason = str(error)
    labelled = [i for i in range(len(items)) if judge[i] is not None and people[i] is not None]
    return Anchored(
        anchored_win_rate=found.value if found else None,
        anchored_win_rate_ci95=found.ci95 if found else None,
        judge_only=none_if_nan(100 * Strata.of(as_preferences(judge), prompts, languages, halves).mean),
        judge_only_ci95=none_if_undefined(win_rate_interval(judge, prompts, languages, orders=halves)),
        n=sum(preference is not None for preference in judge),
        n_labels=len(labelled),
        n_labelled_prompts=len({prompts[i] for i in labelled}),
        effective_n=found.effective_n if found else None,
        weight=found.weight if found else None,
        labels_for_width=needed[0],
        width_all_labelled=needed[1],
        reason=reason,
    )


def _warnings(labels: Labels, used: Sequence[ItemKey], drawn: Collection[ItemKey], others: int) -> Iterator[str]:
    """What makes the figures void, or weaker than they look."""
    on_sheets = {key for key, _ in labels.shown_first}
    if chosen := sum(key not in on_sheets for key in used):
        yield (
            f"{counted_of(chosen, len(used), 'labelled item')} from no drawn sheet: unless drawn at random, "
            "the anchored win rate is void (label-sheet draws them)"
        )
    if strange := sum(key not in drawn for key in used if key in on_sheets):
        yield (
            f"{counted(strange, 'labelled item is', 'labelled items are')} on a sheet, and in no draw that "
            "the labels name: the run has changed since, "
            'or the column "drawn" is gone'
        )
    labelled = {key for key, given in labels.values.items() if known(given)}
    if skipped := len(set(drawn) - labelled):
        yield (
            f"{counted_of(skipped, len(drawn), 'drawn item', 'has', 'have')} no label: if people left out what was hard to decide, "
            "the anchored win rate leans to what was easy"
        )
    if unjudged := len(labelled) - len(used):
        yield f"left out: {counted(unjudged, 'labelled item')} without a verdict"
    if others:
        yield f"left out: {counted(others, 'item')} of the run in languages without a label"
    if len({key[0] for key in used}) < FEW_PROMPTS:
        yield f"labels on fewer than {FEW_PROMPTS} prompts: the intervals were tested with {FEW_PROMPTS} and more"
