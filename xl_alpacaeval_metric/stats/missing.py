"""Missing values: None in records and in JSON, nan in arrays. Both are converted here."""

from collections.abc import Sequence
from math import isnan, nan
from numbers import Real

import numpy as np
import numpy.typing as npt

from xl_alpacaeval_metric.errors import UserError

Floats = npt.NDArray[np.float64]
Numbers = Sequence[float | None] | Floats
"""One number for each item; None and nan are missing."""


def none_if_nan(value: float) -> float | None:
    """The number, or None for nan, which the statistics return where a figure is undefined."""
    return None if isnan(value) else float(value)


def none_if_undefined(interval: tuple[float, float]) -> tuple[float, float] | None:
    """The interval, or None for (nan, nan)."""
    return None if isnan(interval[0]) else interval


def as_floats(values: Sequence[float | None] | Floats, name: str) -> Floats:
    """A flat sequence of numbers as an array, with nan for None and nan (both mean missing).

    Raises UserError for anything that is not a number; the message gives its index, from 0.
    """
    try:
        array = np.asarray(values)
    except ValueError:  # numbers and sequences mixed
        array = np.zeros((0, 0))
    if array.ndim != 1:
        raise UserError(f"{name}s: not a flat sequence; need one number, or None, for each item")
    if array.dtype.kind in "biuf":
        return array.astype(np.float64)
    floats = np.full(len(array), nan)
    for i, value in enumerate(values):
        if value is None:
            continue
        if not isinstance(value, Real):
            raise UserError(f"{name} {i} is {value!r}; need a number, or None where it is missing")
        try:
            floats[i] = float(value)
        except OverflowError:
            raise UserError(f"{name} {i} is too large a number") from None
    return floats


def as_preferences(preferences: Sequence[float | None] | Floats, name: str = "preference") -> Floats:
    """Preferences, or people's labels, as an array, with nan for missing ones.

    Raises UserError for one outside [0, 1].
    """
    array = as_floats(preferences, name)
    outside = np.flatnonzero((array < 0) | (array > 1))
    if outside.size:
        i = int(outside[0])
        raise UserError(f"{name} {i} is {array[i]}; need a probability from 0 (reference) to 1 (candidate), or None")
    return array
