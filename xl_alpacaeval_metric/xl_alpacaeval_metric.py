"""The `evaluate` metric: columns in, `scoring.score`, a plain dictionary out."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import datasets
import evaluate

from xl_alpacaeval_metric import languages, scoring, templates
from xl_alpacaeval_metric.clients.base import Thinking
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.tables import identifier_of
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.judge.rubric_file import load as load_rubric
from xl_alpacaeval_metric.judge_check import checking
from xl_alpacaeval_metric.panels.panel import open_judges
from xl_alpacaeval_metric.records.judgements import Comparison
from xl_alpacaeval_metric.records.result import Taste
from xl_alpacaeval_metric.runs.pairs import without_thoughts

_DESCRIPTION = """\
Win rate of answers against reference answers to the same instructions, as a judge model sees it,
for open-ended generation where the answer may have to be in another language than the request; with
its standard error and 95% interval, a length-controlled win rate, and language fidelity.
"""

_KWARGS_DESCRIPTION = """
Args:
    predictions (list of str): the answers to evaluate.
    references (list of str): an answer to each instruction to compare with.
    instructions (list of str): what was asked, the language instruction included.
    languages (list of str): the code of the language each answer should be in, e.g. "fi".
    ids (list of str, optional): the prompt's id, the same for one prompt in several languages. By
        default each row is a prompt of its own, known by its texts.
    judge (str or Judge): "openai/gpt-4o", "hf/ORG/MODEL", "hf/./folder", "vllm/ORG/MODEL", or "none"
        for the figures that need no judge; a list of several for a panel.
    judge_base_url (str, optional): an OpenAI-compatible endpoint.
    judge_thinking (str): "auto", "on" or "off": whether the judge may think before its verdict.
    judge_thinking_tokens (int): tokens for that, beside those of the verdict.
    judge_votes (int): ask each question so many times at temperature 1, and average.
    both_orders (bool): ask with the answers in both orders and average. By default each item is
        asked in one, half of each language with the candidate first.
    criteria (bool or path): have the judge also rate each answer, 1 to 5, on precision,
        informativeness, naturalness and objectivity, or on the criteria in a YAML file.
    seed (int): decides which answer is shown first.
    concurrency (int): requests in flight at an endpoint, at most.
    keep_thinking (bool): leave thoughts such as <think>...</think> in the answers. By default they
        are taken off, and described under `thinking`.
    judge_check (bool): ask the judge first about pairs whose right verdict is known, 120 requests a
        language, and put what it is under `judge_check`. By default yes; replies are kept for later
        calls. It measures the judge's tastes, which lc_win_rate takes out.
    tastes (dict, optional): language code -> the judge's taste for length in log-odds, a number or a
        Taste, in place of what the check measures; markdown_tastes those for Markdown.
    assume_gpt4_taste (bool): take GPT-4's taste for length for lc_win_rate, as AlpacaEval 2 does.
Returns:
    dict: win_rate, win_rate_stderr, win_rate_ci95, lc_win_rate, line_pass_rate, coverage, thinking,
        by_language and more; percentages 0..100.
Examples:
    >>> import evaluate
    >>> metric = evaluate.load("xl-suite/xl_alpacaeval_metric")
    >>> result = metric.compute(
    ...     predictions=["Der Hund schläft heute den ganzen Tag unter dem alten Baum im Garten."],
    ...     references=["Der Hund liegt im Garten."],
    ...     instructions=["What does the dog do? Answer in German."],
    ...     languages=["de"],
    ...     judge="none",
    ... )
    >>> result["line_pass_rate"]
    100.0
"""

_CITATION = """\
@inproceedings{xl-suite,
  title = {XL-Suite: Cross-Lingual Synthetic Training and Evaluation Data for Open-Ended Generation},
  booktitle = {Findings of the Association for Computational Linguistics: EMNLP 2025},
  doi = {10.18653/v1/2025.findings-emnlp.550},
  year = {2025}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class XlAlpacaevalMetric(evaluate.Metric):  # type: ignore[misc]
    """Judge-based win rate with interval, length control and language fidelity."""

    def _info(self) -> evaluate.MetricInfo:
        text = datasets.Value("string")
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_KWARGS_DESCRIPTION,
            features=datasets.Features(
                {"predictions": text, "references": text, "instructions": text, "languages": text}
            ),
        )

    def _compute(
        self,
        predictions: Sequence[str],
        references: Sequence[str],
        instructions: Sequence[str],
        languages: Sequence[str],
        ids: Sequence[str] | None = None,
        judge: str | Judge | Sequence[str] | None = None,
        judge_base_url: str | None = None,
        judge_args: Mapping[str, object] | None = None,
        judge_prompt: str | os.PathLike[str] | None = None,
        judge_thinking: str = "auto",
        judge_thinking_tokens: int = 4096,
        judge_votes: int = 1,
        both_orders: bool = False,
        criteria: bool | str | os.PathLike[str] = False,
        seed: int = 0,
        concurrency: int = 64,
        keep_thinking: bool = False,
        judge_check: bool | None = None,
        tastes: Mapping[str, Taste | float] | None = None,
        markdown_tastes: Mapping[str, Taste | float] | None = None,
        assume_gpt4_taste: bool = False,
    ) -> dict[str, object]:
        return compute(
            predictions,
            references,
            instructions,
            languages,
            ids=ids,
            judge=judge,
            judge_base_url=judge_base_url,
            judge_args=judge_args,
            judge_prompt=judge_prompt,
            judge_thinking=judge_thinking,
            judge_thinking_tokens=judge_thinking_tokens,
            judge_votes=judge_votes,
            both_orders=both_orders,
            criteria=criteria,
            seed=seed,
            concurrency=concurrency,
            keep_thinking=keep_thinking,
            judge_check=judge_check,
            tastes=tastes,
            markdown_tastes=markdown_tastes,
            assume_gpt4_taste=assume_gpt4_taste,
        )


def compute(
    predictions: Sequence[str],
    references: Sequence[str],
    instructions: Sequence[str],
    languages_: Sequence[str],
    *,
    ids: Sequence[str] | None = None,
    judge: str | Judge | Sequence[str] | None = None,
    judge_base_url: str | None = None,
    judge_args: Mapping[str, object] | None = None,
    judge_prompt: str | os.PathLike[str] | None = None,
    judge_thinking: str = "auto",
    judge_thinking_tokens: int = 4096,
    judge_votes: int = 1,
    both_orders: bool = False,
    criteria: bool | str | os.PathLike[str] = False,
    seed: int = 0,
    concurrency: int = 64,
    keep_thinking: bool = False,
    judge_check: bool | None = None,
    tastes: Mapping[str, Taste | float] | None = None,
    markdown_tastes: Mapping[str, Taste | float] | None = None,
    assume_gpt4_taste: bool = False,
) -> dict[str, object]:
    """`XlAlpacaevalMetric.compute` without `evaluate`.

    A judge that is passed in stays open. Raises UserError for bad input.
    """
    codes = [languages.get(code).code for code in languages_]
    if ids is None:
        names = _ids_by_content(instructions, references, predictions, codes)
    else:
        names = [identifier_of({"id": i}, f"item {n}") or str(n) for n, i in enumerate(ids, 1)]
    columns = {
        "predictions": predictions,
        "references": references,
        "instructions": instructions,
        "languages": codes,
        "ids": names,
    }
    if len({len(column) for column in columns.values()}) > 1:
        sizes = ", ".join(f"{len(column)} {name}" for name, column in columns.items())
        # In a distributed compute the columns are gathered, and other arguments are not.
        hint = "; leave ids out where several processes compute together" if len(names) < len(predictions) else ""
        raise UserError(f"columns differ in length: {sizes}{hint}")
    comparisons = [
        Comparison(identifier, code, instruction, prediction, reference)
        for identifier, code, instruction, prediction, reference in zip(
            names, codes, instructions, predictions, references, strict=True
        )
    ]
    notes: list[str] = []
    if not keep_thinking:
        comparisons, notes = without_thoughts(comparisons, " (keep_thinking=True keeps them)")
    if not isinstance(concurrency, int):
        raise UserError(f"concurrency is {concurrency!r}; need a whole number")
    if not isinstance(criteria, bool | str | os.PathLike):
        raise UserError(f"criteria is {criteria!r}; need True, False or a YAML file")
    with open_judges(
        judge,
        base_url=judge_base_url,
        concurrency=concurrency,
        args=judge_args,
        prompt=judge_prompt,
        thinking=Thinking.of(judge_thinking, judge_thinking_tokens),
        votes=judge_votes,
        seed=seed,
        both_orders=both_orders,
    ) as opened:
        rubric = load_rubric(None if criteria is True else os.fspath(criteria)) if criteria else None
        if opened is not None:
            opened.client.preflight()
        check = checking.checking(opened, comparisons, judge_check)
        found = None if check is None else check.run()
        result = scoring.score(
            comparisons,
            opened,
            criteria=rubric,
            tastes={**checking.tastes(found), **scoring.as_tastes(tastes, "tastes")},
            markdown_tastes={
                **checking.markdown_tastes(found),
                **scoring.as_tastes(markdown_tastes, "markdown_tastes"),
            },
            assume_gpt4_taste=assume_gpt4_taste,
        )
        if opened is not None:
            result = checking.with_check(result, found)
    return replace(result, warnings=(*notes, *result.warnings)).as_dict()


def _ids_by_content(*columns: Sequence[object]) -> list[str]:
    """An id for each row, made of its texts, so that the order of the rows changes nothing.

    Equal rows are numbered.
    """
    seen: Counter[str] = Counter()
    names = []
    for row in zip(*columns, strict=False):
        name = templates.digest(*map(str, row)).hex()[:12]
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return names
