"""Texts by a model, appended to a JSONL file one by one: a call that was killed resumes there."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xl_alpacaeval_metric import thinking
from xl_alpacaeval_metric.clients.base import Client, Completion, Message, Request
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import lock
from xl_alpacaeval_metric.files.destinations import write_errors
from xl_alpacaeval_metric.files.jsonl import json_line, open_for_append, read_lines
from xl_alpacaeval_metric.progress import Notify, Progress
from xl_alpacaeval_metric.terminal import counted_of

_LINE_START = b'{"id": "'

Key = tuple[str, str]
"""Id and language of a text."""


@dataclass(frozen=True, slots=True)
class TextRequest:
    """A text for a model to write: its id and language, the instruction, and the model's prompt."""

    id: str
    language: str
    instruction: str
    messages: tuple[Message, ...]

    @property
    def key(self) -> Key:
        """(id, language)."""
        return (self.id, self.language)


def collect(
    wanted: Sequence[TextRequest],
    client: Client,
    file: Path,
    progress: Progress,
    *,
    column: str,
    max_tokens: int,
    notify: Notify | None = None,
) -> dict[Key, str]:
    """The model's texts by (id, language); only those that the file does not have are requested.

    Each line of the file has `id`, `language` and the text in `column`; `thinking` where the model
    thought first, and `cut` where the text ended because `max_tokens` did (see `cut_off`).

    Raises UserError where the file is by another model or for other instructions, and with the
    reason where a text is missing in the end: the others are kept, and the same call requests the
    missing ones alone. With `notify`, texts may be missing whose requests are refused each time,
    where most are not: a line says how many, and why. Waits while another process writes the file.
    """
    what = f"{column}s by {client.spec}"
    with lock.writing(
        file, lambda: progress("waiting", 0, len(wanted), f"waiting for another process that asks for {what}")
    ):
        return _collect(wanted, client, file, progress, column, max_tokens, notify)


def _collect(
    wanted: Sequence[TextRequest],
    client: Client,
    file: Path,
    progress: Progress,
    column: str,
    max_tokens: int,
    notify: Notify | None,
) -> dict[Key, str]:
    """As `collect`, while no other process writes the file."""
    finished = _existing(wanted, client.spec, file, column)
    missing = [text for text in wanted if text.key not in finished]
    requests = [Request(text.messages, max_tokens) for text in missing]
    failed: dict[Key, str] = {}
    refused: dict[Key, str] = {}
    progress(f"{column}s", len(finished), len(wanted), f"{column}s by {client.spec}")
    with write_errors(file), open_for_append(file) as output:
        for index, reply in client.complete(requests, is_usable=lambda completion: bool(completion.text.strip())):
            text = missing[index]
            if not isinstance(reply, Completion):
                (refused if reply.kind == "refused" else failed)[text.key] = reply.reason
                continue
            found = thinking.split(reply.text)
            answer = found.answer.strip()
            if not answer:
                failed[text.key] = (
                    f"only a thought, no {column}, in {max_tokens} tokens; a model that thinks needs more --max-tokens"
                )
                continue
            finished[text.key] = answer
            line = {
                "id": text.id,
                "language": text.language,
                column: answer,
                **({"thinking": found.thought} if found.thought else {}),
                **({"cut": True} if reply.cut else {}),
            }
            output.write(json_line({**line, "model": client.spec, "instruction": text.instruction}))
            output.flush()
            progress(f"{column}s", len(finished), len(wanted))
    lacking = {**failed, **refused}
    if lacking:
        (identifier, language), reason = next(iter(lacking.items()))
        said = (
            f"{file}: {counted_of(len(lacking), len(wanted), column)} missing, the first is id {identifier!r}, "
            f"language {language!r}: {reason}; the same command asks for these alone"
        )
        if failed or notify is None or len(refused) >= len(finished):  # A spent budget, perhaps.
            raise UserError(said)
        notify(said)
    return finished


def cut_off(files: Sequence[Path], column: str, max_tokens: int) -> list[str]:
    """A line for the user about texts in these files that are cut off; none where all are whole."""
    lines = [line for file in files for line in read_lines(file)]
    found = [line for line in lines if line.get("cut")]
    if not found:
        return []
    return [
        f"{counted_of(len(found), len(lines), column)} cut off, the first is id {found[0]['id']!r}, language "
        f"{found[0]['language']!r}; {max_tokens} tokens were given to each"
    ]


def _existing(wanted: Sequence[TextRequest], spec: str, file: Path, column: str) -> dict[Key, str]:
    """The texts that the file already has."""
    if not file.exists():
        return {}
    if file.is_dir():
        raise UserError(f"{file}: is a folder; --output names a file")
    # The part of a line that a killed call left is cut off and written again; a last line of any
    # other origin is kept.
    unfinished = file.read_bytes().rpartition(b"\n")[2]
    if unfinished[: len(_LINE_START)] != _LINE_START[: len(unfinished)] or unfinished.endswith(b"}"):
        raise UserError(f"{file}: its last line is no {column} made here, or has no line feed; choose another file")
    instructions = {text.key: text.instruction for text in wanted}
    existing = {}
    # Not pairs.read_references, which refuses an unfinished line.
    for number, line in enumerate(read_lines(file), 1):
        if line.get("model") != spec:
            raise UserError(f"{file}: holds {column}s by {line.get('model')}, not by {spec}; choose another file")
        key, text = (str(line.get("id")), str(line.get("language"))), line.get(column)
        if instructions.get(key, line.get("instruction")) != line.get("instruction"):
            raise UserError(f"{file}: id {key[0]!r} is another instruction there; choose another file")
        if not isinstance(text, str) or not text.strip():
            raise UserError(f"{file} line {number}: holds no {column}; delete that line, or choose another file")
        existing[key] = thinking.split(text).answer.strip()
        if not existing[key]:
            raise UserError(f"{file} line {number}: holds a thought and no {column}; delete that line")
    return existing
