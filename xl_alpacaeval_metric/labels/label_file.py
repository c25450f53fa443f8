"""Files of labels: by one annotator or several, from a drawn sheet or made elsewhere."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge import aggregate
from xl_alpacaeval_metric.labels import draw, spreadsheet
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey
from xl_alpacaeval_metric.runs import verdicts as run_verdicts

WORDS: Mapping[str, float] = {"candidate": 1.0, "win": 1.0, "tie": 0.5, "reference": 0.0, "loss": 0.0}
"""The values of a `label` and their preferences."""
FIRST, SECOND, TIE = ("1", "first"), ("2", "second"), ("3", "tie", "=")
"""The values of a `label` on a sheet, which names no model: the better answer, or neither."""


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of each item: annotator -> preference in [0, 1], None where there is no label.

    `places` has the line of each item, for errors. `shown_first` has, for each item of a
    drawn sheet and each annotator, whether the candidate was answer 1; `draws` how their sheets
    were drawn.
    """

    values: Mapping[ItemKey, Mapping[str, float | None]]
    places: Mapping[ItemKey, str] = field(default_factory=dict)
    shown_first: Mapping[tuple[ItemKey, str], bool] = field(default_factory=dict)
    draws: frozenset[draw.Design] = frozenset()

    @property
    def annotators(self) -> list[str]:
        """Those with a label, in the order of the files."""
        return list(dict.fromkeys(name for given in self.values.values() for name in known(given)))

    def means(self) -> dict[ItemKey, float | None]:
        """The mean label of each item, None where it has none."""
        return {
            key: sum(found) / len(found) if (found := known(v).values()) else None for key, v in self.values.items()
        }


def known(given: Mapping[str, float | None]) -> dict[str, float]:
    """The labels of an item without the missing ones."""
    return {name: value for name, value in given.items() if value is not None}


def read(
    paths: Sequence[Path], judged: Collection[ItemKey], samples: Mapping[ItemKey, Comparison] | None = None
) -> Labels:
    """The labels in these files.

    `paths`: files with a row for each label, or second run folders and verdicts.jsonl files, whose
    verdicts are the labels of one annotator. A file is JSONL, JSON, Parquet or CSV (separated by
    commas, semicolons or tabs). A row names its item by the `item` of a drawn sheet, or by `id` and
    `language`; one without a language has that of the item in `judged` with its id. It has a
    `label` (see WORDS, on a sheet 1, 2 or tie) or else a `preference`; where there is a `label`,
    `preference` is the judge's and is not read. The column `annotator` names who labelled, the name
    of the file where it has none. `samples`: the run's items, which the rows of a sheet are found
    in.

    Raises UserError with the line: for a value that is none of these, for two different labels by
    one annotator, and for an item of a sheet that is not in `samples`.
    """
    reader = _Reader(judged, samples or {})
    stems = Counter(path.stem for path in paths)
    for path in paths:
        reader.read(path, path.stem if stems[path.stem] == 1 else str(path))
    return Labels(reader.values, reader.places, reader.shown_first, frozenset(reader.draws))


class _Reader:
    def __init__(self, judged: Collection[ItemKey], samples: Mapping[ItemKey, Comparison]) -> None:
        self.values: dict[ItemKey, dict[str, float | None]] = {}
        self.places: dict[ItemKey, str] = {}
        self.shown_first: dict[tuple[ItemKey, str], bool] = {}
        self.draws: set[draw.Design] = set()
        self._samples = samples
        self._sides = draw.sides(samples.values())
        self._judged_in: dict[str, list[str]] = {}
        for identifier, code in judged:
            self._judged_in.setdefault(identifier, []).append(code)

    def read(self, path: Path, name: str) -> None:
        rows = [(where, row) for where, row in run_verdicts.read_rows(path) if not _blank(row)]
        labelled = any("label" in row for _, row in rows)
        if not labelled and any(row.get("order") is not None for _, row in rows):
            for key, judgements in run_verdicts.of_rows(rows).items():
                self._add(key, name, aggregate.preference_of(judgements), str(path))
            return
        for where, row in rows:
            key, first = self._item(row, where)
            value = _label(row, where, first) if labelled else run_verdicts.preference_of(row, where)
            annotator = _annotator(row, where) or name
            if first is not None:
                self.shown_first[key, annotator] = first
                self._note_draw(row, where)
            self._add(key, annotator, value, where)

    def _item(self, row: Mapping[str, object], where: str) -> tuple[ItemKey, bool | None]:
        """The item of a row and, on a sheet, whether the candidate is answer 1."""
        token = row.get(spreadsheet.ITEM)
        if token is None or token == "":
            return self._named(row, where), None
        if not self._samples:
            raise UserError(f"{where}: is of a label sheet, which needs the run folder it was drawn from")
        found = self._sides.get(str(token).strip())
        if found is None:
            raise UserError(
                f"{where}: item {str(token)[:20]!r} is not in the run, or its answers were others when the sheet was drawn"
            )
        return found

    def _named(self, row: Mapping[str, object], where: str) -> ItemKey:
        identifier, given = run_verdicts.identifier_of(row, where), run_verdicts.language_of(row, where)
        codes = [given] if given else self._judged_in.get(identifier, [""])
        if len(codes) > 1:
            raise UserError(f'{where}: no "language", and id {identifier!r} is judged in {", ".join(codes)}')
        return identifier, codes[0]

    def _note_draw(self, row: Mapping[str, object], where: str) -> None:
        text = row.get(spreadsheet.DRAWN)
        if text is None or text == "":
            return  # Somebody took the column out: the item is still known, its draw is not.
        design = draw.Design.parse(text)
        if design is None:
            raise UserError(f'{where}: "{spreadsheet.DRAWN}" is {text!r}; keep that column as the sheet has it')
        self.draws.add(design)

    def _add(self, key: ItemKey, annotator: str, value: float | None, where: str) -> None:
        given = self.values.setdefault(key, {})
        self.places.setdefault(key, where)
        # The same label twice is allowed: exported verdicts, which people label, have an item once
        # for each order.
        if given.setdefault(annotator, value) != value:
            raise UserError(
                f"{where}: id {key[0]!r} has another label already (by {annotator}); "
                "need one label an item and annotator"
            )


def _blank(row: Mapping[str, object]) -> bool:
    return all(value is None or value == "" for value in row.values())


def _annotator(row: Mapping[str, object], where: str) -> str | None:
    value = row.get("annotator")
    if value is None or value != value:
        return None
    if not isinstance(value, str | int):
        raise UserError(f'{where}: "annotator" is {type(value).__name__}; need a name')
    return spreadsheet.from_text(str(value).strip()) or None


def _label(row: Mapping[str, object], where: str, first: bool | None) -> float | None:
    """The preference that a label stands for; `first`: whether the candidate is answer 1."""
    value = row.get("label")
    if value is None or value != value or value == "":
        return None
    word = value.strip().lower() if isinstance(value, str) else ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        word = f"{value:g}"
    if first is not None and word in (*FIRST, *SECOND, *TIE):
        return 0.5 if word in TIE else float((word in FIRST) == first)
    if word not in WORDS or not isinstance(value, str):
        need = "1, 2 or tie" if first is not None else f"{', '.join(WORDS)}, or null"
        raise UserError(f'{where}: "label" is {value!r}; need {need}')
    return WORDS[word]
