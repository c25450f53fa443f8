import json
import math
from pathlib import Path

import pytest

from tests.helpers import comparison
from tests.servers.judge import JudgeServer
from xl_alpacaeval_metric import score
from xl_alpacaeval_metric.clients.base import Completion, Request
from xl_alpacaeval_metric.clients.scripted import ScriptedClient
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.records.judgements import Verdict
from xl_alpacaeval_metric.report import results
from xl_alpacaeval_metric.signature import parse


def prefers_the_candidate(request: Request) -> Completion:
    """0.8 for the candidate, known by its texts, unless its answer is empty."""
    text = request.messages[-1]["content"]
    first, second = (text.split(f"<answer {letter}", 1)[1].split(f"</answer {letter}", 1)[0] for letter in "AB")
    good, bad = math.log(0.8), math.log(0.2)
    a_wins = "Kandidat" in first or ("Kandidat" not in second and "Vergleich" in first)
    return Completion("?", {"A": good, "B": bad} if a_wins else {"A": bad, "B": good})


def judge(**options: object) -> Judge:
    return Judge(ScriptedClient(prefers_the_candidate), **options)  # type: ignore[arg-type]


def test_the_order_does_not_change_a_fair_verdict() -> None:
    items = [comparison(n) for n in range(20)]
    for options in ({}, {"both_orders": True}, {"seed": 7}):
        result = score(items, judge(**options))
        assert result.overall.win_rate == pytest.approx(80.0)
        assert (result.overall.wins, result.overall.n, result.overall.n_missing) == (20, 20, 0)
    assert score(items, judge(both_orders=True)).overall.position_consistency == 100.0
    assert score(items, judge()).overall.position_consistency is None


def test_a_judge_that_looks_at_the_place_alone_gives_a_tie_in_both_orders() -> None:
    result = score([comparison(n) for n in range(8)], Judge(ScriptedClient(lambda _: "A"), both_orders=True))
    assert result.overall.win_rate == 50.0
    assert (result.overall.ties, result.overall.position_consistency) == (8, 0.0)


def test_a_missing_verdict_is_left_out_and_named() -> None:
    def fails_for_three(request: Request) -> Completion:
        if "thing 3 " in request.messages[-1]["content"]:
            return Completion("I would rather not say.")
        return prefers_the_candidate(request)

    result = score([comparison(n) for n in range(5)], Judge(ScriptedClient(fails_for_three), both_orders=True))
    assert (result.overall.n, result.overall.n_missing, result.missing_share) == (4, 1, 0.2)
    assert result.overall.win_rate == pytest.approx(80.0)
    assert sum(result.missing_reasons.values()) == 2


def test_the_commonest_reasons_are_named_and_the_others_counted() -> None:
    replies = {n: "Hm." if n < 3 else f"I would rather not say {n}." for n in range(30)}

    def never(request: Request) -> Completion:
        (n,) = (n for n in replies if f"thing {n} " in request.messages[-1]["content"])
        return Completion(replies[n])

    result = score([comparison(n) for n in range(30)], Judge(ScriptedClient(never)))
    assert (next(iter(result.missing_reasons.values())), result.missing_reasons["other reasons"]) == (3, 8)
    assert sum(result.missing_reasons.values()) == 30
    lines = [line for line in results.notes(result, judged=True) if line.startswith("missing ")]
    assert len(lines) == 6
    assert lines[-1] == "missing 23x: other reasons (missing_reasons in results.json)"


def test_verdicts_from_before_are_not_asked_for_again() -> None:
    items = [comparison(n) for n in range(6)]
    kept: list[Verdict] = []
    score(items[:4], judge(), on_verdict=kept.append)
    failed = Verdict("item-5", "de", judge().orders(items)[items[5].key][0], None, reason="no answer")
    new: list[Verdict] = []
    result = score(items, judge(), verdicts=[*kept, failed], on_verdict=new.append)
    assert sorted(verdict.id for verdict in new) == ["item-4", "item-5"]
    assert result.overall.n == 6
    assert (result.usage.requests, result.usage.cached) == (2, 4)


def test_figures_of_all_languages_are_the_means_of_theirs() -> None:
    german = [comparison(n, "de") for n in range(3)]
    finnish = [comparison(n, "fi", prediction="Kandidaatti ei osaa vastata tähän kysymykseen hyvin.") for n in range(9)]
    result = score([*german, *finnish], judge())
    assert result.by_language["de"].n + result.by_language["fi"].n == result.overall.n == 12
    expected = (result.by_language["de"].win_rate + result.by_language["fi"].win_rate) / 2  # type: ignore[operator]
    assert result.overall.win_rate == pytest.approx(expected)
    assert list(result.by_language) == ["de", "fi"]


def test_empty_answers_are_judged_and_counted() -> None:
    result = score([comparison(1, prediction=""), comparison(2, prediction=" \n")], judge())
    assert (result.overall.n, result.overall.n_empty, result.overall.losses) == (2, 2, 2)
    assert result.overall.coverage == 0.0


def test_without_a_judge_the_other_figures_remain() -> None:
    found = score([comparison(1)], None).as_dict()
    assert (found["win_rate"], found["n"], found["n_items"], found["line_pass_rate"]) == (None, 0, 1, 100.0)


def test_results_are_plain_values_without_nan() -> None:
    found = score([comparison(1)], judge()).as_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["win_rate_stderr"] is None
    assert found["win_rate_ci95"] is None


def test_the_signature_names_the_setting() -> None:
    items = [comparison(n) for n in range(3)]
    one = parse(score(items, judge()).signature)
    assert one.keys() >= {"judge", "prompt", "order", "seed", "lid", "benchmark", "reference", "version"}
    assert parse(score(list(reversed(items)), judge()).signature) == one
    assert parse(score(items, judge(both_orders=True)).signature)["order"] == "both"
    other = [comparison(n, reference="Etwas anderes.") for n in range(3)]
    assert parse(score(other, judge()).signature)["reference"] != one["reference"]


def test_nothing_and_twice_the_same_are_refused() -> None:
    with pytest.raises(UserError, match="nothing to score"):
        score([], judge())
    with pytest.raises(UserError, match="'item-1' stands 2 times"):
        score([comparison(1), comparison(1)], judge())


def test_what_is_no_text_or_no_judge_is_refused() -> None:
    with pytest.raises(UserError, match="comparison 1: prediction is NoneType, not text"):
        score([comparison(prediction=None)])  # type: ignore[arg-type]
    with pytest.raises(UserError, match="judge is int; need a Judge"):
        score([comparison()], 5)  # type: ignore[arg-type]


def test_a_language_goes_by_its_canonical_code() -> None:
    assert list(score([comparison(language="DE")]).by_language) == ["de"]


def test_a_cached_verdict_took_no_tokens(tmp_path: Path) -> None:
    items = [comparison(number) for number in range(3)]
    usages = []
    with JudgeServer() as server:
        for _ in range(2):
            with Judge.from_spec("openai/m", base_url=server.url) as judge:
                judge.use_cache(tmp_path / "cache.sqlite")
                usages.append(score(items, judge).usage)
    assert usages[0].prompt_tokens > 0
    second = usages[1]
    assert (second.requests, second.cached, second.prompt_tokens, second.completion_tokens) == (0, 3, 0, 0)
