import csv
import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import helpers
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.stats.win_rates import win_rate

SHARED = helpers.SHARED / "alpaca_eval"
PREFERENCE = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 1))


@pytest.mark.skipif(not SHARED.exists(), reason="published AlpacaEval 2 data not there")
def test_published_win_rates_standard_errors_and_counts() -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = parquet.read_table(SHARED / "preferences.parquet", columns=["model", "preference"]).to_pylist()
    preferences: dict[str, list[float]] = {}
    for row in rows:
        preferences.setdefault(row["model"], []).append(row["preference"])
    with (SHARED / "published.csv").open() as file:
        published = list(csv.DictReader(file))
    assert len(published) == 29
    for row in published:
        result = win_rate(preferences[row["model"]])
        assert result.value == pytest.approx(float(row["win_rate"]), abs=1e-6)
        assert result.standard_error == pytest.approx(float(row["standard_error"]), abs=1e-6)
        assert (result.n, result.wins, result.losses, result.ties) == tuple(
            int(row[name]) for name in ("n", "n_wins", "n_losses", "n_draws")
        )


@given(st.lists(st.one_of(PREFERENCE, st.none(), st.just(math.nan)), max_size=30))
def test_win_rate_is_what_the_plain_formula_gives(preferences: list[float | None]) -> None:
    known = [p for p in preferences if p is not None and not math.isnan(p)]
    result = win_rate(preferences)
    assert (result.n, result.n_missing) == (len(known), len(preferences) - len(known))
    assert result.wins == sum(p > 0.5 for p in known)
    assert result.losses == sum(p < 0.5 for p in known)
    assert result.ties == sum(p == 0.5 for p in known)
    if known:
        assert result.value == pytest.approx(100 * statistics.fmean(known), abs=1e-9)
    else:
        assert math.isnan(result.value)
    if len(known) > 1:
        expected = 100 * statistics.stdev(known) / math.sqrt(len(known))
        assert result.standard_error == pytest.approx(expected, abs=1e-9)
    else:
        assert math.isnan(result.standard_error)


def test_arrays_and_whole_numbers_are_taken_like_lists() -> None:
    assert win_rate(np.array([1.0, 0.25])) == win_rate([1, 0.25])
    assert isinstance(win_rate(np.array([1.0, 0.25])).value, float)


@pytest.mark.parametrize(
    ("preferences", "message"),
    [
        ([0.5, 1.5], "preference 1 is 1.5"),
        ([-0.1], "preference 0 is -0.1"),
        ([0.5, math.inf], "preference 1 is inf"),
        ([0.5, None, "0.5"], "preference 2 is '0.5'"),
        ([[0.5], [0.5]], "not a flat sequence"),
        ([0.5, [0.5]], "not a flat sequence"),
        (0.5, "not a flat sequence"),
    ],
)
def test_what_is_no_preference_is_named(preferences: list[float | None], message: str) -> None:
    with pytest.raises(UserError, match=message.replace(".", r"\.")) as caught:
        win_rate(preferences)
    assert "\n" not in str(caught.value)


def test_a_number_beyond_all_floats_is_refused() -> None:
    with pytest.raises(UserError, match="preference 0 is too large a number"):
        win_rate([10**400])
