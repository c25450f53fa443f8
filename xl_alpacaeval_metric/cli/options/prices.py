"""The options for what a judge's tokens cost."""

import math
from typing import Annotated

import typer

from xl_alpacaeval_metric.errors import UserError

PriceInput = Annotated[float | None, typer.Option(min=0, help="Price of a million prompt tokens")]
PriceOutput = Annotated[float | None, typer.Option(min=0, help="Price of a million completion tokens")]


def prices_of(price_input: float | None, price_output: float | None) -> tuple[float, float] | None:
    """Both prices, or None where none is given; raises UserError for one alone, and no number."""
    if price_input is None and price_output is None:
        return None
    if price_input is None or price_output is None:
        raise UserError("give both --price-input and --price-output, or neither")
    if not all(map(math.isfinite, (price_input, price_output))):
        raise UserError("--price-input and --price-output: need the price of a million tokens, a finite number")
    return price_input, price_output
