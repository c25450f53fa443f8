"""Agreement of a judge's verdicts with a second judge's, with human labels, and between orders."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl, tables
from xl_alpacaeval_metric.judge import aggregate
from xl_alpacaeval_metric.records.judgements import ItemKey, Order, Verdict
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs import pairs
from xl_alpacaeval_metric.stats.clusters import Clusters
from xl_alpacaeval_metric.stats.intervals import win_rate_interval
from xl_alpacaeval_metric.stats.missing import none_if_undefined

CATEGORIES = ("win", "tie", "loss")
LABELS: Mapping[str, float] = {"candidate": 1.0, "win": 1.0, "tie": 0.5, "reference": 0.0, "loss": 0.0}
"""The values of a `label` and their preferences."""

_ORDERS: Mapping[object, Order] = {"candidate_first": "candidate_first", "reference_first": "reference_first"}


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often verdict and label have the same category (win, tie, loss), over `n` items.

    The items have a verdict and a label.
    `agreement`, its bootstrap interval over prompts and `position_consistency` are percentages;
    `kappa` is Cohen's, at most 1. `confusion` counts the items by verdict, then by label.
    `position_consistency` is over the `n_both_orders` items that have a verdict in both orders.
    `n_missing` items are in both files without a verdict or without a label; `only_verdicts` and
    `only_labels` are in one file only. None where a figure is undefined.
    """

    agreement: float | None
    agreement_ci95: tuple[float, float] | None
    kappa: float | None
    position_consistency: float | None
    n: int
    n_missing: int
    n_both_orders: int
    only_verdicts: int
    only_labels: int
    confusion: Mapping[str, Mapping[str, int]]
    by_language: Mapping[str, "Agreement"] = field(default_factory=dict)


def measure(
    verdicts: Mapping[ItemKey, Sequence[Verdict]],
    labels: Mapping[ItemKey, float | None],
    prompts: Mapping[ItemKey, str] | None = None,
) -> Agreement:
    """Agreement of verdicts with labels, overall and by language of the verdicts.

    `labels`: preferences in [0, 1], None where an item has none. `prompts`: the prompt of each item
    whose id is not that of its prompt. Raises UserError where no item has both.
    """
    preferences = {key: aggregate.preference_of(judgements) for key, judgements in verdicts.items()}
    shared = verdicts.keys() & labels.keys()
    if not shared:
        mine, theirs = (str(next(iter(side), "none")) for side in (verdicts, labels))
        raise UserError(f"the verdicts and the labels share no item (id, language): {mine} and so on against {theirs}")
    if all(preferences[key] is None or labels[key] is None for key in shared):
        raise UserError(f"none of the {len(shared)} items in both files has both a verdict and a label")
    keys = list(dict.fromkeys([*verdicts, *labels]))
    by_language = {
        code: _part([key for key in keys if key[1] == code], verdicts, preferences, labels, prompts or {})
        for code in dict.fromkeys(code for _, code in verdicts)
    }
    return _part(keys, verdicts, preferences, labels, prompts or {}, by_language)


def _part(
    keys: Sequence[ItemKey],
    verdicts: Mapping[ItemKey, Sequence[Verdict]],
    preferences: Mapping[ItemKey, float | None],
    labels: Mapping[ItemKey, float | None],
    prompts: Mapping[ItemKey, str],
    by_language: Mapping[str, Agreement] | None = None,
) -> Agreement:
    compared, pairs = [], []
    for key in keys:
        preference, label = preferences.get(key), labels.get(key)
        if preference is not None and label is not None:
            compared.append(prompts.get(key, key[0]))
            pairs.append((category(preference), category(label)))
    same = [float(mine == theirs) for mine, theirs in pairs]
    interval = win_rate_interval(same, Clusters(compared))
    counts = Counter(pairs)
    judgements = [verdicts[key] for key in keys if key in verdicts]
    in_both = sum(key in verdicts and key in labels for key in keys)
    return Agreement(
        agreement=100 * sum(same) / len(same) if same else None,
        agreement_ci95=none_if_undefined(interval),
        kappa=cohen_kappa(pairs),
        position_consistency=aggregate.position_consistency(judgements),
        n=len(pairs),
        n_missing=in_both - len(pairs),
        n_both_orders=sum(sum(v.preference is not None for v in both) == 2 for both in judgements),
        only_verdicts=len(judgements) - in_both,
        only_labels=len(keys) - len(judgements),
        confusion={mine: {theirs: counts[mine, theirs] for theirs in CATEGORIES} for mine in CATEGORIES},
        by_language=by_language or {},
    )


def category(preference: float) -> str:
    """`win` (of the candidate), `tie` or `loss`."""
    return "win" if preference > 0.5 else "loss" if preference < 0.5 else "tie"


def cohen_kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """(observed - expected) / (1 - expected) agreement of two raters.

    `pairs`: the two raters' categories of each item. 1 is full agreement, 0 is agreement by chance.
    None without items, and where both raters put every item into the same category, so that
    agreement by chance is full. Source: Cohen 1960, doi:10.1177/001316446002000104.
    """
    n = len(pairs)
    mine, theirs = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    # Both multiplied by n * n, because whole numbers compare exactly.
    expected = sum(mine[name] * theirs[name] for name in mine)
    observed = n * sum(a == b for a, b in pairs)
    return None if expected == n * n else (observed - expected) / (n * n - expected)


def read_verdicts(path: Path) -> dict[ItemKey, list[Verdict]]:
    """The verdicts on each item in a run folder or a verdicts.jsonl; the last on each question.

    Raises UserError where there are none, and with the line for one that is no verdict.
    """
    return _verdicts(_rows(path))


def read_prompts(path: Path) -> dict[ItemKey, str]:
    """The prompt of each item of a run, from samples.jsonl beside its verdicts.

    Empty without that file, where ids are taken for those of prompts. Raises UserError for a
    damaged file.
    """
    samples = (path if path.is_dir() else path.parent) / run_folder.SAMPLES
    if not samples.is_file():
        return {}
    return {item.key: item.cluster for item in run_folder.read_samples(samples)}


def read_labels(path: Path, items: Collection[ItemKey]) -> dict[ItemKey, float | None]:
    """The label of each item as a preference, None where it has none.

    `path`: a second run folder or verdicts.jsonl, or JSONL, JSON or Parquet with `id`, `language`
    and either `label` (see LABELS) or `preference`. Where there is a `label`, `preference` is the
    judge's and is not read. A row without a language has that of the item in `items` with its id.
    Raises UserError with the line.
    """
    rows = _rows(path)
    column = "label" if any("label" in row for _, row in rows) else "preference"
    if column == "preference" and any(row.get("order") is not None for _, row in rows):
        return {key: aggregate.preference_of(judgements) for key, judgements in _verdicts(rows).items()}
    judged_in: dict[str, list[str]] = {}
    for identifier, code in items:
        judged_in.setdefault(identifier, []).append(code)
    found: dict[ItemKey, float | None] = {}
    for where, row in rows:
        identifier, given = _identifier(row, where), _language(row, where)
        codes = [given] if given else judged_in.get(identifier, [""])
        if len(codes) > 1:
            raise UserError(f'{where}: no "language", and id {identifier!r} is judged in {", ".join(codes)}')
        value = _label(row, where) if column == "label" else _preference(row, where)
        # The same label twice is allowed: exported verdicts, which people label, have an item once
        # for each order.
        if found.setdefault((identifier, codes[0]), value) != value:
            raise UserError(f"{where}: id {identifier!r} has another label already; need one label an item")
    return found


def _rows(path: Path) -> list[tuple[str, dict[str, object]]]:
    file = path
    if path.is_dir():
        file = path / run_folder.VERDICTS
        if not file.exists():
            raise UserError(
                f"{path}: holds no {run_folder.VERDICTS}; need a run folder with verdicts (not --judge none)"
            )
        # Not tables.rows: the last line of a run that goes on, or was killed, is unfinished.
        rows = [(f"{file} line {number}", row) for number, row in enumerate(jsonl.read_lines(file), 1)]
    else:
        rows = tables.read_rows(file)
    if not rows:
        raise UserError(f"{file}: is empty; it needs rows with id, language and preference or label")
    return rows


def _verdicts(rows: Sequence[tuple[str, Mapping[str, object]]]) -> dict[ItemKey, list[Verdict]]:
    found: dict[ItemKey, dict[Order, Verdict]] = {}
    for where, row in rows:
        order, code = _ORDERS.get(row.get("order")), _language(row, where)
        if order is None or code is None:
            need = f'"language" and "order" ({" or ".join(_ORDERS.values())})'
            raise UserError(f"{where}: is no verdict; needs {need}, as in a run folder's {run_folder.VERDICTS}")
        verdict = Verdict(_identifier(row, where), code, order, _preference(row, where))
        found.setdefault((verdict.id, code), {})[order] = verdict
    return {key: list(orders.values()) for key, orders in found.items()}


def _identifier(row: Mapping[str, object], where: str) -> str:
    found = pairs.identifier_of(row, where)
    if found is None:
        raise UserError(f'{where}: no "id"; verdicts and labels are matched by it')
    return found


def _language(row: Mapping[str, object], where: str) -> str | None:
    value = row.get("language")
    if value is None or value == "":
        return None
    try:
        return languages.get(value).code  # type: ignore[arg-type]  # It refuses what is no text.
    except UserError as error:
        raise UserError(f"{where}: {error}") from None


def _preference(row: Mapping[str, object], where: str) -> float | None:
    value = row.get("preference")
    if "preference" not in row:
        raise UserError(f'{where}: neither "preference" nor "label"; give one')
    if value is None or value != value:  # nan is how a table writes "none"
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise UserError(
            f'{where}: "preference" is {value!r}; need a number from 0 (reference) to 1 (candidate), or null'
        )
    return float(value)


def _label(row: Mapping[str, object], where: str) -> float | None:
    value = row.get("label")
    if value is None or value != value or value == "":
        return None
    label = LABELS.get(value.strip().lower()) if isinstance(value, str) else None
    if label is None:
        raise UserError(f'{where}: "label" is {value!r}; need {", ".join(LABELS)}, or null')
    return label
