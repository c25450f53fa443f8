"""Answers, wherever they lie: a run folder, a file of answers, an output folder of the harness.

`read` opens any of them as the same record: the model's name, the settings, the figures, and each
item with its texts, verdicts and language.
"""

from xl_alpacaeval_metric.runs.opened.answers import AnswersOfFile, about_of, model_in, model_of
from xl_alpacaeval_metric.runs.opened.reading import check_once, read, read_all
from xl_alpacaeval_metric.runs.opened.records import Opened, OpenedItem

__all__ = [
    "AnswersOfFile",
    "Opened",
    "OpenedItem",
    "about_of",
    "check_once",
    "model_in",
    "model_of",
    "read",
    "read_all",
]
