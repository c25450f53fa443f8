"""Length-controlled win rate: an estimate of the win rate if both answers were equally long."""

from xl_alpacaeval_metric.stats.length_control.markdown_elements import markdown_counts
from xl_alpacaeval_metric.stats.length_control.rates import (
    length_controlled_parts,
    length_controlled_win_rate,
    overall_length_controlled_win_rate,
)

__all__ = [
    "length_controlled_parts",
    "length_controlled_win_rate",
    "markdown_counts",
    "overall_length_controlled_win_rate",
]
