import math

import pytest
from scipy import stats

from xl_alpacaeval_metric.stats.student_t import critical_value, two_sided_p


@pytest.mark.parametrize("degrees", [1, 2, 3, 7, 15.5, 49, 796, 6375])
def test_p_values_and_quantiles_are_scipys(degrees: float) -> None:
    for t in (0, 0.01, 1, 3, 10, 50):
        assert two_sided_p(t, degrees) == pytest.approx(2 * stats.t.sf(t, degrees), rel=1e-9, abs=1e-14)
    for confidence in (0.5, 0.9, 0.95, 0.999):
        assert critical_value(degrees, confidence) == pytest.approx(stats.t.ppf(0.5 + confidence / 2, degrees))


def test_nothing_is_critical_without_degrees_of_freedom() -> None:
    assert critical_value(0, 0.95) == math.inf
