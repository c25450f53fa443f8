"""How far a judge's verdicts agree with a second judge's or with people's labels, and with each other."""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl, tables
from xl_alpacaeval_metric.judge import aggregate
from xl_alpacaeval_metric.records import Order, Verdict
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs import pairs
from xl_alpacaeval_metric.stats import win_rates

Key = tuple[str, str]
"""(id, language): an item."""

CATEGORIES = ("win", "tie", "loss")
LABELS: Mapping[str, float] = {"candidate": 1.0, "win": 1.0, "tie": 0.5, "reference": 0.0, "loss": 0.0}
"""What a `label` may say, and the preference it stands for."""

_ORDERS: Mapping[object, Order] = {"candidate_first": "candidate_first", "reference_first": "reference_first"}


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of `n` items with a verdict and a label: how far the two are of one category (win, tie, loss).

    `agreement`, its bootstrap interval over prompts and `position_consistency` are percentages; `kappa` is Cohen's, at
    most 1. `confusion` counts the items by verdict, then by label. `position_consistency` is that of the
    `n_both_orders` items of the verdicts that have one in both orders. `n_missing` items are in both files without a
    verdict or without a label; `only_verdicts` and `only_labels` in one file alone. None: nothing to compute it from.
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


def measure(verdicts: Mapping[Key, Sequence[Verdict]], labels: Mapping[Key, float | None]) -> Agreement:
    """Agreement of verdicts with labels (preferences in [0, 1], None for none), overall and by language of the verdicts.

    Raises UserError where no item has both.
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
        code: _part([key for key in keys if key[1] == code], verdicts, preferences, labels)
        for code in dict.fromkeys(code for _, code in verdicts)
    }
    return _part(keys, verdicts, preferences, labels, by_language)


def _part(
    keys: Sequence[Key],
    verdicts: Mapping[Key, Sequence[Verdict]],
    preferences: Mapping[Key, float | None],
    labels: Mapping[Key, float | None],
    by_language: Mapping[str, Agreement] | None = None,
) -> Agreement:
    prompts, pairs = [], []
    for key in keys:
        preference, label = preferences.get(key), labels.get(key)
        if preference is not None and label is not None:
            prompts.append(key[0])
            pairs.append((category(preference), category(label)))
    same = [float(mine == theirs) for mine, theirs in pairs]
    interval = win_rates.bootstrap_interval(same, prompts)
    counts = Counter(pairs)
    judgements = [verdicts[key] for key in keys if key in verdicts]
    in_both = sum(key in verdicts and key in labels for key in keys)
    return Agreement(
        agreement=100 * sum(same) / len(same) if same else None,
        agreement_ci95=None if math.isnan(interval[0]) else interval,
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
    """(observed - expected) / (1 - expected) agreement of two raters (Cohen 1960, doi:10.1177/001316446002000104).

    `pairs`: the two raters' categories of each item. 1 is full agreement, 0 what chance would give; None without items,
    and where both raters put every item into the same one category, so that chance would give full agreement.
    """
    n = len(pairs)
    mine, theirs = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    # Both times n * n: in whole numbers "full" is exact.
    expected = sum(mine[name] * theirs[name] for name in mine)
    observed = n * sum(a == b for a, b in pairs)
    return None if expected == n * n else (observed - expected) / (n * n - expected)


def read_verdicts(path: Path) -> dict[Key, list[Verdict]]:
    """The verdicts on each item in a run folder or a verdicts.jsonl; the last one where a question was asked again.

    Raises UserError where there are none, and with the line for one that is no verdict.
    """
    return _verdicts(_rows(path))


def read_labels(path: Path, items: Collection[Key]) -> dict[Key, float | None]:
    """The label of each item as a preference, None where it has none.

    `path`: a second run folder or verdicts.jsonl, or JSONL, JSON or Parquet with `id`, `language` and either `label`
    (see LABELS) or `preference`; a `preference` beside a `label` is the judge's, and not read. Rows without
    a language take that of the one of `items` with their id. Raises UserError with the line.
    """
    rows = _rows(path)
    column = "label" if any("label" in row for _, row in rows) else "preference"
    if column == "preference" and any(row.get("order") is not None for _, row in rows):
        return {key: aggregate.preference_of(judgements) for key, judgements in _verdicts(rows).items()}
    judged_in: dict[str, list[str]] = {}
    for identifier, code in items:
        judged_in.setdefault(identifier, []).append(code)
    found: dict[Key, float | None] = {}
    for where, row in rows:
        identifier, given = _identifier(row, where), _language(row, where)
        codes = [given] if given else judged_in.get(identifier, [""])
        if len(codes) > 1:
            raise UserError(f'{where}: no "language", and id {identifier!r} is judged in {", ".join(codes)}')
        value = _label(row, where) if column == "label" else _preference(row, where)
        # The same label twice does no harm: people label exported verdicts, which hold an item once an order.
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


def _verdicts(rows: Sequence[tuple[str, Mapping[str, object]]]) -> dict[Key, list[Verdict]]:
    found: dict[Key, dict[Order, Verdict]] = {}
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
