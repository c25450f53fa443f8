"""Ratings by criteria, their means and intervals, and the results with them."""

import json
import random
import statistics
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers import comparison
from tests.xl_alpacaeval_metric.judge.rating_rubrics import DEFAULT, LEVELS, NAMES, reply, shown
from xl_alpacaeval_metric import scoring
from xl_alpacaeval_metric.clients.base import Completion, Request
from xl_alpacaeval_metric.clients.scripted import ScriptedClient
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge.judging_task import JudgingTask
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.judge.rating import summary as rating_summary
from xl_alpacaeval_metric.records.judgements import Comparison, Rating
from xl_alpacaeval_metric.records.result import CriterionScore
from xl_alpacaeval_metric.stats.clusters import Clusters


def rated(
    items: list[Comparison],
    client: ScriptedClient,
    ratings: Iterable[Rating] = (),
    on_rating: Callable[[Rating], None] | None = None,
) -> list[Rating]:
    """The ratings of these items, given those of an earlier run."""
    return JudgingTask.of(items, Judge(client), rubric=DEFAULT, ratings=ratings).rate_unrated(on_rating)


def summary(ratings: list[Rating]) -> dict[str, CriterionScore]:
    """The figures of ratings whose prompts are their ids."""
    return rating_summary(ratings, DEFAULT, Clusters(rating.id for rating in ratings))


def test_there_is_one_rating_for_each_answer_in_order() -> None:
    items = [comparison(n, language) for n in range(3) for language in ("de", "fi")]
    client = ScriptedClient(lambda request: Completion(reply(), prompt_tokens=len(shown(request)), completion_tokens=9))
    seen: list[Rating] = []
    ratings = rated(items, client, on_rating=seen.append)
    assert [(rating.id, rating.language) for rating in ratings] == [item.key for item in items]
    assert {id(rating) for rating in ratings} == {id(rating) for rating in seen}
    assert all(rating.scores == LEVELS and rating.raw == reply() and not rating.reason for rating in ratings)
    assert [rating.prompt_tokens for rating in ratings] == [len(shown(request)) for request in client.sent]
    assert len(client.sent) == len(items), "one request an answer, whatever the number of criteria"
    assert all(item.reference not in shown(request) for item, request in zip(items, client.sent, strict=True))


def test_an_unusable_reply_is_asked_for_again_and_then_missing_with_its_reason() -> None:
    answers = iter(["hm", reply(), "hm", "all 5/5"])
    client = ScriptedClient(lambda _: next(answers), retries=1)
    first, second = rated([comparison(1), comparison(2)], client)
    assert (first.scores, first.retries) == (LEVELS, 1)
    assert second.scores is None
    assert "all 5/5" in str(second.reason)


def test_a_client_that_does_not_ask_again_leaves_the_raw_reply() -> None:
    class Careless(ScriptedClient):
        def complete(self, requests: Any, is_usable: Any = None) -> Any:
            return super().complete(requests)

    (rating,) = rated([comparison()], Careless(lambda _: "all 5/5"))
    assert (rating.scores, rating.raw) == (None, "all 5/5")
    assert rating.reason == "no levels in the reply 'all 5/5'"


def test_only_finished_ratings_by_the_same_rubric_are_kept(tmp_path: Path) -> None:
    items = [comparison(n) for n in range(4)]
    made = [
        Rating("item-0", "de", dict.fromkeys(NAMES, 2), rubric=DEFAULT.sha),
        Rating("item-1", "de", None, "timeout", rubric=DEFAULT.sha),
        Rating("item-2", "de", dict.fromkeys(NAMES, 2), rubric="another"),
    ]
    client = ScriptedClient(lambda _: reply())
    ratings = rated(items, client, ratings=made)
    assert [rating.scores == LEVELS for rating in ratings] == [False, True, True, True]
    assert len(client.sent) == 3


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 4), st.none() | st.tuples(*[st.integers(1, 5)] * 4)),
        max_size=30,
    )
)
def test_the_mean_and_the_counts_are_those_of_the_plain_formula(
    rows: list[tuple[int, tuple[int, ...] | None]],
) -> None:
    ratings = [
        Rating(f"p{prompt}", str(i), None if levels is None else dict(zip(NAMES, levels, strict=True)))
        for i, (prompt, levels) in enumerate(rows)
    ]
    found = summary(ratings)
    assert tuple(found) == NAMES
    for place, name in enumerate(NAMES):
        known = [levels[place] for _, levels in rows if levels is not None]
        score = found[name]
        assert (score.n, score.n_missing) == (len(known), len(rows) - len(known))
        assert score.mean == (pytest.approx(statistics.fmean(known)) if known else None)
        if len({prompt for prompt, levels in rows if levels is not None}) < 2:
            assert score.ci95 is None
        else:
            assert score.ci95 is not None
            assert score.mean is not None
            low, high = score.ci95
            assert 1 <= low <= score.mean + 1e-9
            assert score.mean - 1e-9 <= high <= 5


def test_the_interval_is_that_of_a_naive_bootstrap_over_prompts() -> None:
    rng = random.Random(1)
    # The languages of a prompt go together, so that an interval over single answers would be much
    # too narrow.
    prompts = {f"p{n}": [min(5, rng.randint(1, 4) + rng.randint(0, 1))] * 6 for n in range(40)}
    ratings = [
        Rating(prompt, str(i), dict.fromkeys(NAMES, level))
        for prompt, levels in prompts.items()
        for i, level in enumerate(levels)
    ]
    naive = []
    for _ in range(2000):
        drawn = [level for prompt in rng.choices(list(prompts), k=len(prompts)) for level in prompts[prompt]]
        naive.append(statistics.fmean(drawn))
    cuts = statistics.quantiles(naive, n=40)
    score = summary(ratings)["naturalness"]
    assert score == summary(ratings)["naturalness"]
    assert score.ci95 == pytest.approx((cuts[0], cuts[-1]), abs=0.08)


def judge_of(levels: dict[str, str]) -> Judge:
    """Prefers A, and replies with the levels of the key that the answer contains."""

    def script(request: Request) -> str:
        if request.choices:
            return "A"
        return next((levels[text] for text in levels if text in shown(request)), "hm")

    return Judge(ScriptedClient(script))


def test_a_result_has_criteria_overall_and_by_language() -> None:
    items = [
        comparison(1, "de", prediction="Gut."),
        comparison(2, "de", prediction="Besser."),
        comparison(1, "fi", prediction="Hyvä."),
        comparison(2, "fi", prediction="Outo."),
    ]
    judge = judge_of({"Gut.": reply(), "Besser.": reply(precision=5), "Hyvä.": reply(precision=1)})
    found = scoring.score(items, judge, criteria=DEFAULT).as_dict()
    assert json.loads(json.dumps(found)) == found
    overall: Any = found["criteria"]
    by_language: Any = found["by_language"]
    assert set(overall) == set(NAMES)
    assert overall["precision"]["mean"] == pytest.approx((4.5 + 1) / 2)
    assert (overall["precision"]["n"], overall["precision"]["n_missing"]) == (3, 1)
    assert overall["precision"]["ci95"][0] <= 2.75 <= overall["precision"]["ci95"][1]
    assert by_language["de"]["criteria"]["precision"]["mean"] == 4.5
    assert by_language["fi"]["criteria"]["precision"] == {"mean": 1.0, "ci95": None, "n": 1, "n_missing": 1}
    assert found["missing_reasons"] == {"criteria: no usable answer in 'hm' (1 attempts)": 1}
    assert (found["n"], found["n_missing"]) == (4, 0)
    assert found["usage"]["requests"] == 8  # type: ignore[index]
    assert f"|criteria:{DEFAULT.sha}|" in str(found["signature"])
    assert scoring.score(items, judge, criteria=DEFAULT).missing_share == 0.25


def test_variants_of_a_prompt_are_one_draw_in_the_interval() -> None:
    levels = {f"Antwort {n}.": reply(precision=1 + 4 * (n % 2)) for n in range(10)}
    items = [comparison(10 * v + n, prediction=f"Antwort {n}.") for n in range(10) for v in range(5)]
    variants = [replace(item, prompt=item.prediction) for item in items]
    narrow, wide = (
        scoring.score(some, judge_of(levels), criteria=DEFAULT).overall.criteria["precision"].ci95  # type: ignore[index]
        for some in (items, variants)
    )
    assert narrow is not None
    assert wide is not None
    assert wide[1] - wide[0] > 1.8 * (narrow[1] - narrow[0])


def test_without_criteria_nothing_changes() -> None:
    items = [comparison(n) for n in range(3)]
    plain, rated = (scoring.score(items, judge_of({"": reply()}), criteria=rubric) for rubric in (None, DEFAULT))
    assert plain.overall.criteria is None
    assert plain.usage.requests == 3
    assert plain.overall.win_rate == rated.overall.win_rate
    assert rated.signature.replace(f"|criteria:{DEFAULT.sha}", "") == plain.signature


def test_criteria_need_a_judge() -> None:
    for judge in (None, "none"):
        with pytest.raises(UserError, match="criteria are rated by a judge"):
            scoring.score([comparison()], judge, criteria=DEFAULT)
