"""The judge of the cookbook's week follows the rule that its page states."""

import pytest

from tests.helpers import FINNISH, GERMAN
from tests.servers.graded import grade
from xl_alpacaeval_metric import benchmark


def test_grades_are_the_share_in_the_language_times_that_of_new_words() -> None:
    row = benchmark.load("mini", ["fi"]).rows[0]
    assert grade(row.reference or "", "Finnish", row.instruction, False) == 1
    assert grade(FINNISH, "Finnish", "any", True) == pytest.approx(0.9)
    assert grade(GERMAN, "Finnish", "any", False) == 0
    words = FINNISH.split()
    assert grade(f"{FINNISH}\n{FINNISH}", "Finnish", "any", False) == pytest.approx(0.45 * len(set(words)) / len(words))
    assert grade("", "Finnish", "any", False) == 0
