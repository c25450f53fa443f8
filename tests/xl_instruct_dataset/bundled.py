"""All bundled texts by language, none of which a filter may drop."""

import json
from collections.abc import Iterator
from functools import cache

from xl_alpacaeval_metric.benchmark import mini
from xl_alpacaeval_metric.benchmark.phrasing import DATA
from xl_instruct_dataset.records import LANGUAGES
from xl_instruct_dataset.sources import sample

Texts = dict[str, str]
"""Language code -> the text in that language."""


@cache
def groups() -> tuple[Texts, ...]:
    """Each text of mini, of the sample and of context, in all its languages."""
    references: dict[str, Texts] = {}
    for code in mini.LANGUAGES:
        for line in (DATA / "mini" / "references" / f"{code}.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            references.setdefault(row["id"], {})[code] = row["reference"]
    rows: dict[str, Texts] = {}
    for code in LANGUAGES:
        for row in sample.rows(code):
            rows.setdefault(row.id.removesuffix(f"-{code}"), {})[code] = row.response
    return (*references.values(), *rows.values(), *contexts())


@cache
def contexts() -> tuple[Texts, ...]:
    """The contexts and references of the benchmark context, which are close to translations."""
    items = [json.loads(file.read_text("utf-8")) for file in (DATA / "context" / "items").iterdir()]
    return tuple(item[kind] for item in items for kind in ("context", "reference"))


def texts() -> Iterator[tuple[str, str]]:
    """(language, text) of all of them."""
    for group in groups():
        yield from group.items()


def instructions() -> list[str]:
    """The English requests of mini and of the sample."""
    requests = (DATA / "mini" / "requests.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["request"] for line in requests] + [seed["instruction"] for seed in sample.seeds()]
