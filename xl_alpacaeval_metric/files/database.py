"""SQLite files on any file system: local or shared, without locks, or readable alone.

A write-ahead log is fast, and lets readers read beside a writer. It needs memory that all its
processes share, which machines on a network do not have (https://sqlite.org/wal.html). On a shared
file system a rollback journal takes its place, and where a file system has no locks of ranges, a
lock by a file beside the database (https://sqlite.org/vfs.html#standard_unix_vfses). Where machines
see late what others have written (`file_system.lags`), two that write into one file damage it, so
that each has its own.
"""

import os
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from glob import escape
from pathlib import Path
from urllib.parse import quote

from xl_alpacaeval_metric.files import file_system
from xl_alpacaeval_metric.terminal import say

BUSY_SECONDS = 60.0
"""Seconds to wait while another process writes."""
MEMORY = ":memory:"
"""The name of a database that is no file, as SQLite has it."""
LOCK_FILE = ".lock"
"""What is added to the file's name for the lock where the file system has none."""


def own_file(path: Path) -> Path:
    """The file that this machine writes: `path`, or `NAME.HOST.sqlite` where each has its own.

    That is said once. Where it can make none, it is that of another machine, to be read.
    """
    if str(path) == MEMORY or not file_system.lags(path):
        return path
    own = path.with_name(f"{path.stem}.{socket.gethostname()}{path.suffix}")
    if not own.exists() and not os.access(path.parent, os.W_OK):
        return next(iter(_beside(path)), own)
    _say(
        f"{path}: machines see late what others write here (file system {file_system.kind(path)}), so that each has "
        f"its own file, this one {own.name}, and reads those of the others"
    )
    return own


def of_others(path: Path) -> list[Path]:
    """The files of other machines, beside `own_file(path)`; and `path`, made elsewhere."""
    own = own_file(path)
    return [one for one in _beside(path) if one != own] if file_system.lags(path) else []


def _beside(path: Path) -> list[Path]:
    found = {path, *path.parent.glob(f"{escape(path.stem)}.*{escape(path.suffix)}")}
    return sorted(one for one in found if one.is_file())


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A file of another machine, to be read; raises sqlite3.Error, also in the block.

    What is read may be old, or mixed with what is new; the reader has to expect that.
    """
    with closing(_connect(path, options="mode=ro")) as db:
        yield db


def connect(path: Path) -> sqlite3.Connection:
    """Open the file, or make it; every statement is a transaction of its own.

    A file that cannot be written is opened to be read (`PRAGMA query_only` is 1), if there is one.
    What is not as on a local disk is said once. Raises sqlite3.Error and OSError.
    """
    if str(path) == MEMORY:
        return sqlite3.connect(MEMORY, isolation_level=None, check_same_thread=False)
    if path.exists() and not _writable(path):
        connection = _readable(path)
        _say(f"{path}: can be read and not written, so that what is new is not kept")
        return connection
    path.touch()  # SQLite by itself closes it to the group, whatever the umask says.
    kind = file_system.kind(path) or "unknown"
    if not file_system.locks(path.parent):
        connection = _with_rollback(path, "unix-dotfile")
        _say(
            f"{path}: locks do not work here (file system {kind}), so that {path.name}{LOCK_FILE} is the lock; "
            "remove it if a killed process has left it"
        )
        return connection
    if file_system.shared(path):
        return _with_rollback(path)
    if not file_system.maps(path.parent):
        connection = _with_rollback(path)
        _say(f"{path}: no write-ahead log works here (file system {kind}), so that a journal is kept, which is slower")
        return connection
    return _with_write_ahead(path)


def _with_write_ahead(path: Path) -> sqlite3.Connection:
    db = _connect(path)
    try:
        # A file with a journal was made on a shared file system, and may be in use there.
        if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] and _mode(db) != "wal":
            return db
        _switch(db, "WAL")
        # With a write-ahead log, NORMAL hands each commit to the operating system without waiting
        # for the disk, so that it survives `kill -9`. A crash of the whole machine can lose the
        # last commits; the file stays consistent. FULL would wait for the disk at every commit.
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("SELECT count(*) FROM sqlite_master")
    except BaseException:
        db.close()
        raise
    return db


def _with_rollback(path: Path, vfs: str = "") -> sqlite3.Connection:
    db = _connect(path, vfs)
    try:
        if _has_write_ahead(path):
            # One process alone can open it without shared memory, and give it another journal.
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            _switch(db, "TRUNCATE")
            db.execute("PRAGMA locking_mode = NORMAL")
        _switch(db, "TRUNCATE")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("BEGIN IMMEDIATE")  # Whether locks work.
        db.execute("COMMIT")
    except BaseException:
        db.close()
        raise
    return db


def _readable(path: Path) -> sqlite3.Connection:
    """To be read; where no log is under way, without the files of one.

    Those would be this user's, and in the way of the user whose file it is.
    """
    with path.open("rb"):  # SQLite would not say that permission is what is missing.
        pass
    log = path.with_name(f"{path.name}-wal")
    under_way = log.exists() and log.stat().st_size > 0
    for options in ("mode=ro",) * under_way + ("mode=ro&immutable=1",):
        db = _connect(path, options=options)
        try:
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
            break
        except sqlite3.OperationalError:
            db.close()
            if "immutable" in options:
                raise
    db.execute("PRAGMA query_only = 1")
    return db


def _connect(path: Path, vfs: str = "", options: str = "") -> sqlite3.Connection:
    query = "&".join(filter(None, (options, f"vfs={vfs}" if vfs else "")))
    return sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?{query}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )


def _switch(db: sqlite3.Connection, mode: str) -> None:
    """Change the journal; this does not wait for a lock as statements do, so it is tried again."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            db.execute(f"PRAGMA journal_mode = {mode}")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _has_write_ahead(path: Path) -> bool:
    """Whether the file says so itself (https://sqlite.org/fileformat.html, bytes 18 and 19)."""
    with path.open("rb") as file:
        return file.read(20)[18:] == b"\x02\x02"


def _mode(db: sqlite3.Connection) -> str:
    return str(db.execute("PRAGMA journal_mode").fetchone()[0])


def _writable(path: Path) -> bool:
    """Whether this process may write the file, its log, and new files beside it."""
    beside = [path.with_name(f"{path.name}{suffix}") for suffix in ("-wal", "-shm", "-journal")]
    return os.access(path.parent, os.W_OK) and all(os.access(one, os.W_OK) for one in (path, *beside) if one.exists())


@cache
def _say(text: str) -> None:
    say(f"cache {text}", error=True)
