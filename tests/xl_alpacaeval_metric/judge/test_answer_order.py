import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers import comparison
from xl_alpacaeval_metric.clients.base import Completion, Request
from xl_alpacaeval_metric.clients.scripted import ScriptedClient
from xl_alpacaeval_metric.judge.answer_order import ORDERS, balanced, is_balanced
from xl_alpacaeval_metric.judge.judging_task import JudgingTask
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey, Order, Verdict
from xl_alpacaeval_metric.scoring import score
from xl_alpacaeval_metric.signature import parse

CODES = ("de", "fi", "ga", "tr")
FIRST: Order = "candidate_first"


def crossed(n: int) -> list[Comparison]:
    return [comparison(number, code) for code in CODES for number in range(n)]


def lean(orders: dict[ItemKey, Order]) -> dict[str, int]:
    """By language, how many more are candidate-first than reference-first."""
    found = Counter({code: 0 for _, code in orders})
    for (_, code), order in orders.items():
        found[code] += 1 if order == FIRST else -1
    return dict(found)


@pytest.mark.parametrize("n", [1, 7, 16])
def test_half_of_each_language_is_candidate_first_and_a_prompts_languages_alternate(n: int) -> None:
    orders = balanced(crossed(n), seed=3)
    assert all(abs(difference) == n % 2 for difference in lean(orders).values())
    for number in range(n):
        of_prompt = [orders[comparison(number, code).key] for code in CODES]
        assert Counter(of_prompt) == dict.fromkeys(ORDERS, 2)


@given(st.sets(st.tuples(st.integers(0, 20), st.sampled_from(CODES)), min_size=1), st.integers(0, 5), st.randoms())
def test_any_items_balance_whatever_the_order_of_the_rows(
    keys: set[tuple[int, str]], seed: int, shuffler: random.Random
) -> None:
    items = [comparison(number, code) for number, code in sorted(keys)]
    orders = balanced(items, seed)
    assert all(abs(difference) <= 1 for difference in lean(orders).values())
    shuffler.shuffle(items)
    assert balanced(items, seed) == orders
    assert is_balanced(orders)


def test_another_seed_draws_other_orders() -> None:
    assert balanced(crossed(16), 0) != balanced(crossed(16), 1)


def test_what_is_judged_keeps_its_order_and_the_rest_balances() -> None:
    items = [comparison(number) for number in range(20)]
    judged: dict[ItemKey, set[Order]] = {item.key: {FIRST} for item in items[:7]}
    orders = balanced(items, 0, judged)
    assert all(orders[item.key] == FIRST for item in items[:7])
    assert lean(orders) == {"de": 0}
    all_first = balanced(items[:7], 0, judged)
    assert set(all_first.values()) == {FIRST}
    assert not is_balanced(all_first)


def test_a_run_that_was_interrupted_goes_on_as_it_would_have() -> None:
    items = crossed(9)
    whole = balanced(items, 0)
    judged = {key: {whole[key]} for key in random.Random(0).sample(sorted(whole), 13)}
    assert balanced(items, 0, judged) == whole


def of_an_earlier_version(items: list[Comparison]) -> list[Verdict]:
    return [Verdict(*item.key, FIRST, 0.9) for item in items]


def test_a_task_asks_again_in_no_other_order_and_its_signature_says_which_orders_it_has() -> None:
    items = [comparison(number) for number in range(12)]
    judge = Judge(ScriptedClient(lambda _: "A"))
    old = JudgingTask.of(items, judge, verdicts=of_an_earlier_version(items))
    assert not old.pending
    assert old.settings["order"] == "seeded"
    grown = JudgingTask.of(items, judge, verdicts=of_an_earlier_version(items[:6]))
    assert {question.order for question in grown.pending} == {"reference_first"}
    assert grown.settings["order"] == "balanced"


def leaning(probability: float) -> Judge:
    """A judge that gives the answer shown first this probability, whatever it says."""

    def reply(_: Request) -> Completion:
        return Completion("A", logprobs={"A": math.log(probability), "B": math.log(1 - probability)})

    return Judge(ScriptedClient(reply))


@pytest.mark.parametrize("n", [16, 17])
def test_a_judge_that_looks_at_the_place_alone_is_at_fifty_in_every_language_and_said_to_be_one(n: int) -> None:
    result = score(crossed(n), leaning(0.89))
    for scores in (result.overall, *result.by_language.values()):
        assert scores.win_rate is not None
        assert scores.win_rate_stderr is not None
        assert scores.win_rate_ci95 is not None
        assert abs(scores.win_rate - 50) <= scores.win_rate_stderr + 1e-6
        assert scores.win_rate_ci95[0] < 50 < scores.win_rate_ci95[1]
        assert scores.first_position_rate == pytest.approx(89)
    assert parse(result.signature)["order"] == "balanced"
    (warning,) = [line for line in result.warnings if "shown first" in line]
    assert "89% in de" in warning
    assert not [line for line in score(crossed(n), leaning(0.52)).warnings if "shown first" in line]
