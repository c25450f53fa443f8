"""The benchmark `m` in languages that were not released: English requests, translated by a model."""

from collections.abc import Sequence
from pathlib import Path

from xl_alpacaeval_metric import languages, templates
from xl_alpacaeval_metric.benchmark import Row
from xl_alpacaeval_metric.benchmark.journal import Progress, TextRequest, collect
from xl_alpacaeval_metric.clients.base import Client, Message
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.jsonl import json_line, replace_file

JOURNALS = "journal"
"""Folder, inside the output, of the translations in the order in which they came."""


def messages(text: str, source: str, target: str) -> tuple[Message, ...]:
    """The prompt that has `text` translated from language `source` into `target`, two BCP-47 codes."""
    values = {
        "source_language": languages.get(source).name,
        "language": languages.get(target).name,
        "text": text,
        "nonce": templates.nonce(text),
    }
    return templates.load("translate").fill(values)


def make(
    rows: Sequence[Row], codes: Sequence[str], client: Client, folder: Path, progress: Progress, max_tokens: int
) -> list[Path]:
    """Translate the rows' English requests into each language; returns the files, named as those of the Hub are.

    A file is written when its language is complete, its rows in the order of `rows`: that order is what tells which
    prompt is which. Raises UserError as `collect` does, and for `en` among the languages.
    """
    if "en" in codes:
        raise UserError("the requests are English already; leave en out of --languages")
    files = []
    for code in codes:
        wanted = [TextRequest(row.id, code, row.instruction, messages(row.instruction, "en", code)) for row in rows]
        journal = folder / JOURNALS / f"{code}.jsonl"
        made = collect(wanted, client, journal, progress, column="translation", max_tokens=max_tokens)
        lines = [
            {"instruction": made[text.key], "id": text.id, "request_en": text.instruction, "translator": client.spec}
            for text in wanted
        ]
        files.append(folder / f"{languages.get(code).name.lower()}.jsonl")
        replace_file(files[-1], "".join(map(json_line, lines)))
    return files
