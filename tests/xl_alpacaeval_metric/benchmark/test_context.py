"""`context`: five designs of every item, each of which changes one language."""

import json
from collections import Counter

from xl_alpacaeval_metric import benchmark, score
from xl_alpacaeval_metric.benchmark import context
from xl_alpacaeval_metric.clients.base import Completion, Request
from xl_alpacaeval_metric.clients.scripted import ScriptedClient
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.languages import identify
from xl_alpacaeval_metric.records.judgements import Comparison

BENCHMARK = benchmark.load("context")
ROWS = BENCHMARK.rows


def test_every_item_comes_in_all_five_designs() -> None:
    assert Counter(row.subset for row in ROWS) == dict.fromkeys(context.DESIGNS, 48)
    assert len({row.context_language for row in ROWS}) == 12
    assert len({(row.id, row.response_language) for row in ROWS}) == len(ROWS) == 240
    assert {len([row for row in ROWS if BENCHMARK.prompt(row) == f"context-{n:02d}"]) for n in range(1, 49)} == {5}
    # Each response language is equally frequent, so that a mean over rows weighs them alike.
    assert set(Counter(row.response_language for row in ROWS).values()) == {20}


def test_a_design_varies_what_it_is_named_for_and_nothing_else() -> None:
    by_id = {row.id: row for row in ROWS}
    for item in (f"context-{n:02d}" for n in range(1, 49)):
        same = by_id[f"{item}-same"]
        assert same.context_language == same.instruction_language == same.response_language
        for design in ("context", "request", "response", "all"):
            row = by_id[f"{item}-{design}"]
            differs = {
                "context": (row.context_language, row.context) != (same.context_language, same.context),
                "request": (row.instruction_language, row.request) != (same.instruction_language, same.request),
                "response": (row.response_language, row.reference) != (same.response_language, same.reference),
            }
            if design == "all":
                assert len({row.context_language, row.instruction_language, row.response_language}) == 3
            else:
                assert differs == {factor: factor == design for factor in differs}


def test_the_prompt_is_context_then_request_then_the_language_in_the_request_s_own() -> None:
    for row in ROWS:
        assert row.context is not None
        assert row.request is not None
        before = f"{context.FENCE}\n{row.context}\n{context.FENCE}\n\n{row.request}"
        assert row.instruction.startswith(before)
        sentence = row.instruction.removeprefix(before)
        assert sentence.startswith(" ") == (row.instruction_language != "zh")
        assert 5 < len(sentence) < 60
        assert row.reference


def test_every_text_is_in_its_language() -> None:
    texts = {(row.context, row.context_language) for row in ROWS} | {
        (row.reference, row.response_language) for row in ROWS
    }
    wrong = [(code, str(text)[:60]) for text, code in texts if identify.identify([str(text)])[0] != code]
    assert not wrong


def test_the_limit_is_of_all_rows_and_languages_are_the_response_s() -> None:
    assert [row.id for row in benchmark.load("context", limit=7).rows][-2:] == ["context-02-same", "context-02-context"]
    assert {row.response_language for row in benchmark.load("context", ["fi"]).rows} == {"fi"}
    other = benchmark.load("context", ["sw"]).rows
    assert {row.subset for row in other} == {"response", "all"}
    assert all(row.response_language == "sw" != row.instruction_language and row.reference is None for row in other)
    assert all(row.instruction.endswith("Please answer in Swahili.") for row in other)


def answers(prediction: dict[str, str]) -> list[Comparison]:
    """Each row answered with what its design is given, in German; the reference otherwise."""
    return [
        Comparison(
            row.id,
            row.response_language,
            row.instruction,
            prediction.get(row.subset, str(row.reference)),
            str(row.reference),
            prompt=BENCHMARK.prompt(row),
            design=row.subset,
        )
        for row in ROWS
    ]


def test_the_effect_of_a_factor_is_read_off() -> None:
    swahili = (
        "Sijui jibu la swali hili, lakini nadhani mtu mwingine atajua vizuri zaidi kuliko mimi kwa sababu amesoma."
    )
    result = score(answers({"response": swahili, "all": swahili}))
    assert list(result.by_design) == ["same", "context", "request", "response", "all"]
    assert result.by_design["same"].line_pass_rate == 100.0
    effect = result.effects["response"]["line_pass_rate"]
    assert effect.difference == -100.0
    assert effect.n == 48
    assert effect.p_value is not None
    assert effect.p_value < 0.001
    assert result.effects["context"]["line_pass_rate"].difference == 0.0
    assert result.effects["response"]["win_rate"].difference is None
    content = json.loads(json.dumps(result.as_dict()))
    assert content["effects"]["all"]["line_pass_rate"]["difference"] == -100.0
    assert set(content["by_design"]["same"]) == set(content["by_language"]["de"])


def test_designs_of_one_item_are_one_prompt_in_the_interval() -> None:
    def by_item(request: Request) -> Completion:
        return Completion("A" if "Kandidat" in request.messages[-1]["content"].split("<answer B")[0] else "B")

    # All five designs of an item are won or lost together: ten prompts' width, not fifty's.
    grouped = [
        Comparison(
            f"{n}-{d}",
            "de",
            "Frage",
            "Kandidat" if n % 2 else "nichts",
            "Kandidat" if not n % 2 else "nichts",
            f"{n}",
            d,
        )
        for n in range(10)
        for d in context.DESIGNS
    ]
    alone = [Comparison(c.id, c.language, c.instruction, c.prediction, c.reference) for c in grouped]
    wide, narrow = (score(items, Judge(ScriptedClient(by_item))).overall.win_rate_ci95 for items in (grouped, alone))
    assert wide is not None
    assert narrow is not None
    assert wide[1] - wide[0] > 1.8 * (narrow[1] - narrow[0])


def test_without_designs_there_are_no_effects() -> None:
    items = [Comparison("1", "de", "Frage", "Antwort", "Antwort")]
    assert "by_design" not in score(items).as_dict()
