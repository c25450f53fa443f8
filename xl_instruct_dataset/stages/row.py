"""Stage 8: the language instruction of a row, and whether its licence forbids commercial use."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.benchmark import ask_in
from xl_alpacaeval_metric.benchmark.context import answer_in
from xl_instruct_dataset.stages import PACKAGE


def instruction(request: str, source: str, target: str, *, item: str, seed: int = 0) -> str:
    """The request with a sentence that asks for an answer in `target`, unless it is in `target`.

    An English request gets one of the benchmark's phrasings, chosen by item and seed. A request in
    another language gets a sentence in that language if data/context/answer_in.yaml has one for the
    pair, else an English phrasing. `source` and `target` are BCP-47 codes; raises UserError for an
    unknown one.
    """
    given, wanted = languages.get(source), languages.get(target)
    if given.code == wanted.code:
        return request
    base = given.code.split("-")[0]
    # The sentence must be in the script of the request.
    if base != "en" and languages.get(base).script == given.script:
        sentence = answer_in().get(base, {}).get(wanted.code)
        if sentence is not None:
            return f"{request}\n\n{sentence}"
    return ask_in(request, wanted.code, item=item, seed=seed, request_language=given.code)


def non_commercial(models: Iterable[str]) -> list[str]:
    """The model ids, each once, whose licence forbids commercial use by data/non_commercial.yaml.

    The list is this project's and not complete: a model that it lacks may be restricted, too.
    """
    return [model for model in dict.fromkeys(models) if any(fnmatchcase(model.lower(), known) for known in _patterns())]


@cache
def _patterns() -> tuple[str, ...]:
    import yaml

    text = (resources.files(PACKAGE) / "data" / "non_commercial.yaml").read_text("utf-8")
    return tuple(str(pattern).lower() for family in yaml.safe_load(text) for pattern in family["models"])
