"""The lines of a batch's files: requests in the input file, outcomes in the output files."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from xl_alpacaeval_metric.clients.base import Completion
from xl_alpacaeval_metric.clients.openai.protocol import Fault, status_fault
from xl_alpacaeval_metric.clients.openai.reply import read_reply

# JSON does not require an escape for them, but some readers take them for the end of a line.
_LINE_ENDS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def input_files(
    bodies: Iterable[tuple[str, Mapping[str, object]]], max_requests: int, max_bytes: int
) -> Iterator[tuple[tuple[str, ...], IO[bytes]]]:
    """Write requests, given as (name, body), into as many temporary files as the limits require.

    Yields the names in a file, and the file, which is closed afterwards. A request that cannot be
    encoded (a lone surrogate) is left out: the endpoint would refuse the whole file for it.
    """
    lines = _lines(bodies)
    line = next(lines, None)
    while line is not None:
        names: list[str] = []
        size = 0
        with TemporaryFile() as file:
            while line is not None:
                name, content = line
                if names and (len(names) == max_requests or size + len(content) > max_bytes):
                    break
                file.write(content)
                names.append(name)
                size += len(content)
                line = next(lines, None)
            yield tuple(names), file


def _lines(bodies: Iterable[tuple[str, Mapping[str, object]]]) -> Iterator[tuple[str, bytes]]:
    for name, body in bodies:
        row = {"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": body}
        with suppress(UnicodeEncodeError):
            yield name, json.dumps(row, ensure_ascii=False).translate(_LINE_ENDS).encode() + b"\n"


def outcomes(path: Path, choices: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, Completion | Fault]]:
    """The outcomes in the output and error files of the requests named in `choices`, each once.

    A line that cannot be read is skipped, which leaves its request without an outcome. A request
    that the endpoint did not process is `unreachable`.
    """
    remaining = dict(choices)
    with path.open("rb") as lines:
        for line in lines:
            try:
                row = json.loads(line)
                name, response, error = row["custom_id"], row.get("response"), row.get("error")
                status = int(response.get("status_code", 200)) if response else 0
            except (ValueError, KeyError, TypeError, AttributeError):
                continue
            if name not in remaining:
                continue
            expected = remaining.pop(name)
            if status == 200:
                yield name, read_reply(json.dumps(response.get("body")), expected)
            elif status:
                yield name, status_fault(status, json.dumps(response.get("body")), None)
            else:
                said = error.get("message") if isinstance(error, dict) else error
                yield name, Fault("unreachable", f"not asked: {said or 'no reason given'}")
