"""The golden figures as records; `README.md` beside this file names their sources."""

import csv
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Published:
    """What AlpacaEval 2 publishes of a model, in percent, and the items it is computed from."""

    model: str
    n: int
    win_rate: float
    standard_error: float
    length_controlled_win_rate: float
    wins: int
    losses: int
    draws: int
    preferences: tuple[float, ...]
    candidate_lengths: tuple[int, ...]
    reference_lengths: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PassCounts:
    """Of `texts` answers in `language`, how many are scored and pass by line and by word."""

    language: str
    texts: int
    scored: int
    line_passes: int
    word_scored: int
    word_passes: int


@dataclass(frozen=True, slots=True)
class Confusion:
    """A model's published overall rates in percent, and this project's counts by language."""

    model: str
    line_pass_rate: float
    word_pass_rate: float
    counts: tuple[PassCounts, ...]


def _read(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def alpaca_eval_2() -> list[Published]:
    """Eight models with win rates from 2 to 70 percent, 805 items each."""
    items = _read("alpaca_eval_2_preferences.csv")
    references = tuple(int(item["reference_length"]) for item in items)
    return [
        Published(
            model=row["model"],
            n=int(row["n"]),
            win_rate=float(row["win_rate"]),
            standard_error=float(row["standard_error"]),
            length_controlled_win_rate=float(row["length_controlled_win_rate"]),
            wins=int(row["wins"]),
            losses=int(row["losses"]),
            draws=int(row["draws"]),
            preferences=tuple(float(item[f"{row['model']} preference"]) for item in items),
            candidate_lengths=tuple(int(item[f"{row['model']} length"]) for item in items),
            reference_lengths=references,
        )
        for row in _read("alpaca_eval_2.csv")
    ]


def language_confusion() -> list[Confusion]:
    """Five models, 14 languages each."""
    rows = _read("language_confusion.csv")
    return [
        Confusion(
            model=overall["model"],
            line_pass_rate=float(overall["published_line_pass_rate"]),
            word_pass_rate=float(overall["published_word_pass_rate"]),
            counts=tuple(
                PassCounts(
                    language=row["language"],
                    texts=int(row["texts"]),
                    scored=int(row["scored"]),
                    line_passes=int(row["line_passes"]),
                    word_scored=int(row["word_scored"]),
                    word_passes=int(row["word_passes"]),
                )
                for row in rows
                if row["model"] == overall["model"] and row["language"] != "all"
            ),
        )
        for overall in rows
        if overall["language"] == "all"
    ]
