"""`context`: the languages of context, request and response vary independently.

So the effect of each can be measured. Every item has three languages: X is the language of the
place that the item is about, Y and Z are two others.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.benchmark.phrasing import DATA
from xl_alpacaeval_metric.benchmark.rows import Row

DESIGNS = {
    "same": ("X", "X", "X"),
    "context": ("Y", "X", "X"),
    "request": ("X", "Y", "X"),
    "response": ("X", "X", "Y"),
    "all": ("X", "Y", "Z"),
}
"""The languages of context, request and response by design; a design is named for what differs."""

FENCE = '"""'
"""The line before and after a context, so that it cannot be taken for a part of the request."""

_UNSPACED = ("Hans", "Hant", "Jpan", "Thai", "Laoo", "Khmr", "Mymr")
"""Scripts without a space between sentences."""


def rows(codes: Sequence[str] | None = None) -> Iterator[Row]:
    """The rows item by item, each in all five designs, or in those with response languages `codes`.

    A language without responses of its own stands in the designs whose response language is another
    than the request's, "response" and "all", without a reference.
    """
    others = [code for code in codes or () if code not in answer_in()]
    for item in _items():
        for code in others:
            yield from _asked_in_other(item, code)
        for design, places in DESIGNS.items():
            of_response = item["languages"]["XYZ".index(places[2])]
            if codes is None or of_response in codes:
                row = _row(item, design, of_response)
                answer = json.dumps(item["answer"], ensure_ascii=False) if "answer" in item else ""
                yield replace(row, reference=item["reference"][of_response], expected=answer)


def _asked_in_other(item: dict[str, Any], code: str) -> Iterator[Row]:
    """The designs of an item that can ask for a response in any language."""
    for design in ("response", "all"):
        yield _row(item, design, code)


def _row(item: dict[str, Any], design: str, code: str) -> Row:
    """The row of a design whose response is to be in the language `code`, without a reference."""
    of_context, of_request, _ = (item["languages"]["XYZ".index(place)] for place in DESIGNS[design])
    context, request = item["context"][of_context], item["request"][of_request]
    return Row(
        id=f"{item['id']}-{design}",
        instruction=instruction(context, request, of_request, code),
        request=request,
        instruction_language=of_request,
        response_language=code,
        context=context,
        context_language=of_context,
        subset=design,
    )


def instruction(context: str, request: str, of_request: str, of_response: str) -> str:
    """The fenced context, the request, and the sentence that asks for the response's language.

    `of_request` and `of_response` are language codes. The sentence is in the request's language; it
    is English for a language that data/context/answer_in.yaml has no sentence for.
    """
    space = "" if languages.get(of_request).script in _UNSPACED else " "
    return f"{FENCE}\n{context}\n{FENCE}\n\n{request}{space}{_sentence(of_request, of_response)}"


def _sentence(of_request: str, of_response: str) -> str:
    known = answer_in()[of_request].get(of_response)
    return known or f"Please answer in {languages.get(of_response).name}."


@cache
def _items() -> tuple[dict[str, Any], ...]:
    files = sorted((DATA / "context" / "items").iterdir(), key=lambda file: file.name)
    return tuple(json.loads(file.read_text("utf-8")) for file in files)


@cache
def answer_in() -> dict[str, dict[str, str]]:
    """By request and response language, the sentence in the former that asks for the latter."""
    import yaml

    found: dict[str, dict[str, str]] = yaml.safe_load((DATA / "context" / "answer_in.yaml").read_text("utf-8"))
    return found
