"""The file of a cache: SQLite, with a completion under each key."""

import json
import sqlite3
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from xl_alpacaeval_metric.clients.base import ChoiceToken, Completion
from xl_alpacaeval_metric.clients.per_process import PerProcess
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import database

APPLICATION_ID = 0x584C4143  # "XLAC"
VERSION = 1
LOOKUP_BATCH = 500
"""Keys per query; old builds of SQLite allow 999."""


@dataclass(frozen=True, slots=True)
class _Database:
    connection: sqlite3.Connection
    lock: threading.Lock
    read_only: bool


class ReplyStore:
    """The cache file: key (32 bytes) -> completion. Raises UserError as `CachedClient` does."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"cache {self._path}: {error.strerror or error}; give a file that can be written") from None
        # SQLite forbids the use of a connection in a forked process.
        self._database = PerProcess(partial(_open, database.own_file(self._path)))
        # Closes a forgotten file before the program ends and would warn of it.
        self._close = weakref.finalize(self, _close, self._database)

    def find(self, keys: Iterable[bytes]) -> Iterator[tuple[bytes, Completion | None]]:
        """Yield each key with its completion, or None."""
        rest = iter(keys)
        while batch := list(islice(rest, LOOKUP_BATCH)):
            with self._connection() as db:
                found = _read(db, batch)
            found |= self._found_by_others([key for key in batch if key not in found])
            for key in batch:
                yield key, found.get(key)

    def keep(self, key: bytes, completion: Completion) -> None:
        """Store a completion; once this returns, it survives a kill of the process.

        A file that this process may read alone stays as it is.
        """
        if self._database.get().read_only:
            return
        with self._connection() as db:
            db.execute("INSERT OR REPLACE INTO replies (key, reply) VALUES (?, ?)", (key, _dumps(completion)))

    def close(self) -> None:
        """Close the file in this process."""
        self._close()

    def _found_by_others(self, keys: Sequence[bytes]) -> dict[bytes, Completion]:
        """What other machines have kept in their files; nothing of one that cannot be read."""
        found: dict[bytes, Completion] = {}
        for file in database.of_others(self._path) if keys else ():
            with suppress(sqlite3.Error, OSError, ValueError, KeyError, TypeError), database.reading(file) as db:
                found |= _read(db, [key for key in keys if key not in found])
        return found

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        opened = self._database.get()
        with opened.lock, _user_errors(self._path):
            yield opened.connection


def _read(db: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, Completion]:
    marks = ",".join("?" * len(keys))
    rows = db.execute(f"SELECT key, reply FROM replies WHERE key IN ({marks})", keys).fetchall()
    return {bytes(key): _loads(reply) for key, reply in rows}


def _close(opened: PerProcess[_Database]) -> None:
    if (database := opened.existing()) is not None:
        with database.lock:
            database.connection.close()


def _open(path: Path) -> _Database:
    """Connect to the file, check that it is a cache of this version, and set up a new one."""
    with _user_errors(path):
        db = database.connect(path)
        try:
            _set_up(db, path)
        except BaseException:
            db.close()
            raise
    return _Database(db, threading.Lock(), bool(db.execute("PRAGMA query_only").fetchone()[0]))


def _set_up(db: sqlite3.Connection, path: Path) -> None:
    tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    owner, version = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
    if tables and (owner, version) != (APPLICATION_ID, VERSION):
        raise UserError(f"cache {path}: not a cache of this version of xl-suite; give another file")
    if not tables:
        db.execute("BEGIN IMMEDIATE")
        db.execute("CREATE TABLE IF NOT EXISTS replies (key BLOB PRIMARY KEY, reply TEXT NOT NULL)")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {VERSION}")
        db.execute("COMMIT")


@contextmanager
def _user_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(f"cache {path}: {error.strerror or error}; give a file that can be written") from None
    except (sqlite3.Error, ValueError, KeyError, TypeError) as error:
        needs = "give another file, or delete this one" if _damaged(error) else "give a file that can be written"
        raise UserError(f"cache {path}: {error}; {needs}") from None


def _damaged(error: Exception) -> bool:
    return not isinstance(error, sqlite3.OperationalError)


def _dumps(completion: Completion) -> str:
    """ASCII JSON, so that a text cut inside a surrogate pair can be stored too."""
    logprobs = None if completion.logprobs is None else dict(completion.logprobs)
    fields: list[object] = [completion.text, logprobs, completion.prompt_tokens, completion.completion_tokens]
    choices = [[token.offset, dict(token.logprobs)] for token in completion.choice_tokens]
    if choices or completion.thought:
        fields += [completion.cut, choices, completion.thought]
    elif completion.cut:
        fields.append(True)
    return json.dumps(fields)


def _loads(reply: str) -> Completion:
    text, logprobs, prompt_tokens, completion_tokens, *more = json.loads(reply)
    cut = bool(more and more[0])
    choices, thought = more[1:] if len(more) > 1 else ([], "")
    tokens = tuple(ChoiceToken(offset, found) for offset, found in choices)
    return Completion(text, logprobs, prompt_tokens, completion_tokens, 0, True, cut, tokens, thought)
