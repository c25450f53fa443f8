"""A model's text taken apart into its thought and its answer."""

from xl_alpacaeval_metric.thinking.marks import LISTED, Marks, marks_of_template
from xl_alpacaeval_metric.thinking.splitting import Split, closes_thought, opens_thought, place_of_answer, split
from xl_alpacaeval_metric.thinking.summary import Thinking

__all__ = [
    "LISTED",
    "Marks",
    "Split",
    "Thinking",
    "closes_thought",
    "marks_of_template",
    "opens_thought",
    "place_of_answer",
    "split",
]
