"""OpenAI's files and batches behind a real HTTP server, beside the chat completions of `judge`.

In a test:       with BatchServer(polls=3) as server: ... server.url ... server.batches ...
server.stats() As a program:    python -m tests.servers.batch --port 0 --polls 3     (prints its
address)

What a batch answers is what `/v1/chat/completions` answers to the same body.
"""

import argparse
import email
import gzip
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from tests.servers import base
from tests.servers.base import DROPPED, HttpRequest, HttpResponse
from tests.servers.judge import RATE_LIMIT, TOO_LONG, Behaviour, JudgeServer, Refused, completion, nonsense

LONG = 17 * 2**20
"""Bytes of a reply that is too long."""
ENDED = ("completed", "failed", "expired", "cancelled")
Row = Callable[[dict[str, Any]], str]
"""Request body -> outcome: answer, refused, limited, nonsense, empty, missing, unsent, broken."""


@dataclass(frozen=True)
class BatchBehaviour(Behaviour):
    """How batches go: after `polls` polls (never with `hold`) they end with status `ends`.

    `row` decides the outcome of each request. No more than `enqueued` requests may be in batches
    that have not ended; a batch beyond that fails as OpenAI's do. `without` are paths that are not
    served, such as "/v1/batches".
    """

    polls: int = 1
    hold: bool = False
    ends: str = "completed"
    row: Row = lambda body: "answer"
    enqueued: int | None = None
    error: str = "invalid_json_line"
    without: tuple[str, ...] = ()


@dataclass
class Batch:
    id: str
    input_file_id: str
    status: str = "validating"
    looks: int = 0
    total: int = 0
    completed: int = 0
    failed: int = 0
    output_file_id: str | None = None
    error_file_id: str | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)


class BatchServer(JudgeServer):
    """`mishaps` maps "METHOD /path" without ids to the faults of the next such calls, one a call.

    A fault is a status, "drop" (before anything is done), "lost" (done, but the answer is not
    sent), "unknown" (no such file), "html", "nothing" (JSON that is no answer), "long" (more than
    anybody should read), "packed" (a little that unpacks to that) or "fine".
    """

    behaviour: BatchBehaviour

    def __init__(self, behaviour: BatchBehaviour | None = None, port: int = 0, **options: Any) -> None:
        super().__init__(behaviour or BatchBehaviour(**options), port)
        self.files: dict[str, bytes] = {}
        self.uploads: list[dict[str, str]] = []
        self.batches: dict[str, Batch] = {}
        self.calls: Counter[str] = Counter()
        self.mishaps: dict[str, list[str]] = {}
        self.creations: list[dict[str, Any]] = []

    def stats(self) -> dict[str, Any]:
        return {**super().stats(), "uploads": len(self.uploads), "batches": len(self.batches), "calls": self.calls}

    def lines(self, file: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.files[file].split(b"\n")[:-1]]

    async def respond(self, request: HttpRequest) -> HttpResponse | None:
        parts = request.path.strip("/").split("/")
        if parts[:2] not in (["v1", "files"], ["v1", "batches"]) or f"/v1/{parts[1]}" in self.behaviour.without:
            return await super().respond(request)
        self.seen.last_path = request.target
        call = f"{request.method} /{'/'.join('*' if index == 2 else part for index, part in enumerate(parts))}"
        self.calls[call] += 1
        waiting = self.mishaps.get(call, [])
        mishap = waiting.pop(0) if waiting else "fine"
        if mishap == "unknown":
            return _unknown("File", parts[2] if len(parts) > 2 else request.json()["input_file_id"])
        if mishap == "long":
            return HttpResponse(b"x" * LONG)
        if mishap == "packed":
            return HttpResponse(gzip.compress(b"x" * LONG), headers={"Content-Encoding": "gzip"})
        if mishap == "nothing":
            return HttpResponse({"object": "nothing"})
        if mishap not in ("fine", "lost"):
            return base.fault(mishap)
        try:
            self._check_key(request)
        except Refused as refused:
            return refused.response()
        response = self._answer_call(call, parts, request)
        return DROPPED if mishap == "lost" else response

    def _answer_call(self, call: str, parts: list[str], request: HttpRequest) -> HttpResponse:
        match call:
            case "POST /v1/files":
                return HttpResponse(self._upload(request))
            case "GET /v1/files/*/content":
                found = self.files.get(parts[2])
                return HttpResponse(found) if found is not None else _unknown("File", parts[2])
            case "POST /v1/batches":
                body = request.json()
                if body["input_file_id"] not in self.files:
                    return _unknown("File", body["input_file_id"])
                return HttpResponse(self._create(body))
            case "GET /v1/batches/*":
                if parts[2] not in self.batches:
                    return _unknown("Batch", parts[2])
                return HttpResponse(self._look(self.batches[parts[2]]))
            case "GET /v1/batches":
                newest = [_shown(batch) for batch in reversed(self.batches.values())]
                return HttpResponse({"object": "list", "data": newest, "has_more": False})
        return HttpResponse({"detail": "Not Found"}, 404)

    def _upload(self, request: HttpRequest) -> dict[str, Any]:
        form = email.message_from_bytes(
            b"Content-Type: " + request.headers["content-type"].encode() + b"\r\n\r\n" + request.body
        )
        fields: dict[str, Message] = {
            str(part.get_param("name", header="content-disposition")): part
            for part in form.get_payload()
            if isinstance(part, Message)
        }
        content = fields["file"].get_payload(decode=True)
        assert isinstance(content, bytes)
        file = f"file-{len(self.files) + 1}"
        self.files[file] = content
        self.uploads.append(
            {"id": file, "purpose": str(fields["purpose"].get_payload()), "name": str(fields["file"].get_filename())}
        )
        return {"id": file, "object": "file", "bytes": len(content), "created_at": 0, **self.uploads[-1]}

    def _create(self, body: dict[str, Any]) -> dict[str, Any]:
        self.creations.append(body)
        batch = Batch(f"batch_{len(self.batches) + 1}", body["input_file_id"])
        self.batches[batch.id] = batch
        return _shown(batch)

    def _look(self, batch: Batch) -> dict[str, Any]:
        """Each poll advances the batch."""
        behaviour = self.behaviour
        rows = self.lines(batch.input_file_id)
        if batch.status in ENDED:
            return _shown(batch)
        if batch.status == "validating":
            others = (b for b in self.batches.values() if b is not batch and b.status == "in_progress")
            running = sum(len(self.lines(other.input_file_id)) for other in others)
            if behaviour.enqueued is not None and running + len(rows) > behaviour.enqueued:
                return self._fail(
                    batch, "token_limit_exceeded", "Enqueued token limit reached for m in organization o."
                )
            if behaviour.ends == "failed":
                return self._fail(batch, behaviour.error, "This line is not parseable as valid JSON.")
            batch.status, batch.total = "in_progress", len(rows)
        batch.looks += 1
        if not behaviour.hold and batch.looks >= behaviour.polls:
            self._end(batch, rows)
        return _shown(batch)

    def _fail(self, batch: Batch, code: str, message: str) -> dict[str, Any]:
        batch.status = "failed"
        batch.errors = [{"code": code, "line": None, "message": message, "param": None}]
        return _shown(batch)

    def _end(self, batch: Batch, rows: list[dict[str, Any]]) -> None:
        outputs: list[dict[str, Any] | str] = []
        errors: list[dict[str, Any] | str] = []
        for row in rows:
            line = self._line(row)
            if line is None:
                continue
            good = isinstance(line, dict) and line["error"] is None and line["response"]["status_code"] == 200
            (outputs if good or isinstance(line, str) else errors).append(line)
        batch.status, batch.completed, batch.failed = self.behaviour.ends, len(outputs), len(errors)
        # As at OpenAI, the order differs, and there is no file without lines.
        batch.output_file_id = self._store(batch.id, "output", outputs[::-1])
        batch.error_file_id = self._store(batch.id, "error", errors[::-1])

    def _store(self, batch: str, kind: str, lines: list[dict[str, Any] | str]) -> str | None:
        if not lines:
            return None
        texts = (line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines)
        self.files[f"file-{batch}-{kind}"] = "".join(text + "\n" for text in texts).encode()
        return f"file-{batch}-{kind}"

    def _line(self, row: dict[str, Any]) -> dict[str, Any] | str | None:
        body, fate = row["body"], self.behaviour.row(row["body"])
        answer = completion(body, self.behaviour)
        status = 200
        if fate == "missing":
            return None
        if fate == "broken":
            return '{"id": "batch_req_1", "custom_id": "'
        if fate == "unsent":
            error = {"code": "batch_expired", "message": "This request could not be executed in time."}
            return {"id": "batch_req_1", "custom_id": row["custom_id"], "response": None, "error": error}
        if fate == "nonsense":
            answer = nonsense(answer)
        elif fate == "empty":
            answer["choices"] = []
        elif fate == "refused":
            status, answer = 400, {"error": {"message": TOO_LONG}}
        elif fate == "limited":
            status, answer = 429, {"error": {"message": RATE_LIMIT}}
        response = {"status_code": status, "request_id": "req_1", "body": answer}
        return {"id": "batch_req_1", "custom_id": row["custom_id"], "response": response, "error": None}


def _shown(batch: Batch) -> dict[str, Any]:
    return {
        "id": batch.id,
        "object": "batch",
        "endpoint": "/v1/chat/completions",
        "completion_window": "24h",
        "created_at": int(time.time()),
        "input_file_id": batch.input_file_id,
        "status": batch.status,
        "output_file_id": batch.output_file_id,
        "error_file_id": batch.error_file_id,
        "errors": {"object": "list", "data": batch.errors} if batch.errors else None,
        "request_counts": {"total": batch.total, "completed": batch.completed, "failed": batch.failed},
    }


def _unknown(kind: str, name: str) -> HttpResponse:
    return Refused(404, f"No {kind} found with id '{name}'.").response()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--polls", type=int, default=1, help="looks after which a batch has ended")
    parser.add_argument("--hold", action="store_true", help="batches never end")
    parser.add_argument("--ends", default="completed", choices=ENDED)
    parser.add_argument("--key", help="the API key to insist on")
    arguments = vars(parser.parse_args())
    port = arguments.pop("port")
    BatchServer(BatchBehaviour(**arguments), port).serve_until_interrupted()


if __name__ == "__main__":
    main()
