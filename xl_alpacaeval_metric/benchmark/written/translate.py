"""Benchmark `m` in languages that were not released: English requests, translated by a model."""

from collections.abc import Sequence
from pathlib import Path

from xl_alpacaeval_metric import languages, templates
from xl_alpacaeval_metric.benchmark import Row
from xl_alpacaeval_metric.benchmark.written.journal import TextRequest, collect
from xl_alpacaeval_metric.clients.base import Client, Message
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.jsonl import json_line, replace_file
from xl_alpacaeval_metric.progress import Notify, Progress, unheard

JOURNALS = "journal"
"""Folder inside the output for the translations in the order of their arrival."""


def messages(text: str, source: str, target: str) -> tuple[Message, ...]:
    """The prompt for a translation of `text` from language `source` to `target` (BCP-47 codes)."""
    values = {
        "source_language": languages.get(source).name,
        "language": languages.get(target).name,
        "text": text,
        "nonce": templates.nonce(text),
    }
    return templates.load("translate").fill(values)


def make(
    rows: Sequence[Row],
    codes: Sequence[str],
    client: Client,
    folder: Path,
    progress: Progress,
    max_tokens: int,
    notify: Notify = unheard,
) -> list[Path]:
    """Translate the rows' English requests into each language; returns the files.

    Files are named like those of the Hub. Each is written when its language is complete, its rows
    in the order of `rows`, since a row's number is the identity of its prompt; one without a
    translation has null. `notify` and the UserErrors raised are those of `journal.collect`; raises
    one for `en` among the languages, too.
    """
    if "en" in codes:
        raise UserError("the requests are English already; leave en out of --languages")
    files = []
    for code in codes:
        wanted = [TextRequest(row.id, code, row.instruction, messages(row.instruction, "en", code)) for row in rows]
        journal = folder / JOURNALS / f"{code}.jsonl"
        translations = collect(
            wanted, client, journal, progress, column="translation", max_tokens=max_tokens, notify=notify
        )
        lines = [
            {
                "instruction": translations.get(text.key),
                "id": text.id,
                "request_en": text.instruction,
                "translator": client.spec,
            }
            for text in wanted
        ]
        files.append(folder / f"{languages.get(code).name.lower()}.jsonl")
        replace_file(files[-1], "".join(map(json_line, lines)))
    return files
