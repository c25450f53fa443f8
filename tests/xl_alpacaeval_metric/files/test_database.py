"""SQLite files where write-ahead logs, locks or write access are not to be had."""

import multiprocessing
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from multiprocessing.queues import Queue
from pathlib import Path

import pytest

from tests.helpers import PATIENCE, ROOT
from xl_alpacaeval_metric.clients.base import Completion
from xl_alpacaeval_metric.clients.reply_store import ReplyStore
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import database, file_system

WRITERS, ROWS = 8, 25
WRITER = """
import sys
from pathlib import Path
from xl_alpacaeval_metric.clients.base import Completion
from xl_alpacaeval_metric.clients.reply_store import ReplyStore
from xl_alpacaeval_metric.files import file_system
file, mounts, first, rows = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
file_system.MOUNTS = mounts
store = ReplyStore(file)
for number in range(first, first + rows):
    store.keep(number.to_bytes(32, "big"), Completion(str(number), None))
store.close()
"""
NO_LOCKS = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
static int locks(int command) { return command == F_SETLK || command == F_SETLKW || command == F_GETLK; }
#define FCNTL(name) int name(int fd, int command, ...) { \\
    va_list rest; va_start(rest, command); void *argument = va_arg(rest, void *); va_end(rest); \\
    if (locks(command)) { errno = ENOLCK; return -1; } \\
    return ((int (*)(int, int, ...)) dlsym(RTLD_NEXT, #name))(fd, command, argument); }
FCNTL(fcntl)
FCNTL(fcntl64)
int flock(int fd, int operation) { errno = ENOLCK; return -1; }
"""
"""A libc in which locks fail as on NFS without its lock daemon."""


def mounts(folder: Path, kind: str) -> Path:
    """A table of mounts in which the folder is a file system of that kind."""
    folder.mkdir(exist_ok=True)
    table = folder.parent / f"{folder.name}.mounts"
    table.write_text(f"22 1 8:1 / / rw - ext4 /dev/sda rw\n36 22 0:33 / {folder} rw,relatime - {kind} host:/x rw\n")
    return table


def written_at_once(file: Path, table: Path, **environment: str) -> list[str]:
    """Have several processes write into the file; returns what each says."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(file), str(table), str(number * ROWS), str(ROWS)],
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(WRITERS)
    ]
    said = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * WRITERS, said
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("SELECT count(*) FROM replies").fetchone()[0] == WRITERS * ROWS
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    return said


@pytest.mark.parametrize(
    ("kind", "shared"),
    [
        *(("nfs4", True), ("lustre", True), ("gpfs", True), ("ceph", True), ("cifs", True), ("virtiofs", True)),
        *(("fuse.sshfs", True), ("fuse.glusterfs", True), ("beegfs", True), ("9p", True)),
        *(("ext4", False), ("fuse.lxcfs", False), ("overlay", False), ("tmpfs", False)),
    ],
)
def test_shared_file_systems_are_known(
    kind: str, shared: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_system, "MOUNTS", mounts(tmp_path / "a", kind))
    assert file_system.kind(tmp_path / "a" / "b" / "c") == kind
    assert file_system.shared(tmp_path / "a") == shared
    assert not file_system.shared(tmp_path / "ab")


def test_a_place_with_a_blank_in_its_name_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "mounts"
    table.write_text(f"36 22 0:33 / {tmp_path}/a\\040b rw shared:1 - nfs host:/x rw\n")
    monkeypatch.setattr(file_system, "MOUNTS", table)
    assert file_system.kind(tmp_path / "a b" / "file") == "nfs"


def test_a_log_gives_way_to_a_journal_where_machines_share_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a" / "x.sqlite"
    table = mounts(tmp_path / "a", "nfs4")
    local = database.connect(file)
    local.execute("CREATE TABLE replies (a)")
    local.execute("INSERT INTO replies VALUES (1)")
    assert local.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    local.close()
    monkeypatch.setattr(file_system, "MOUNTS", table)
    one, other = database.connect(file), database.connect(file)
    one.execute("INSERT INTO replies VALUES (2)")
    assert other.execute("SELECT count(*) FROM replies").fetchone()[0] == 2
    assert {db.execute("PRAGMA journal_mode").fetchone()[0] for db in (one, other)} <= {"truncate", "delete"}
    assert not list(file.parent.glob("*-shm"))
    monkeypatch.undo()
    # The server of the disk sees it as its own, and leaves it as the others need it.
    assert database.connect(file).execute("PRAGMA journal_mode").fetchone()[0] != "wal"


def test_each_machine_writes_its_own_file_where_locks_do_not_show_what_others_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As two mounts of one GlusterFS volume do, where SQLite loses what one file was given."""
    file, keys = tmp_path / "a" / "x[1].sqlite", [bytes([number] * 32) for number in range(4)]
    earlier = ReplyStore(file)  # Made where it was a local disk.
    earlier.keep(keys[0], Completion("earlier", None))
    earlier.close()
    monkeypatch.setattr(file_system, "MOUNTS", mounts(tmp_path / "a", "fuse.glusterfs"))
    stores = []
    for number in (1, 2):
        monkeypatch.setattr("socket.gethostname", lambda name=f"node{number}": name)
        stores.append(ReplyStore(file))
        stores[-1].keep(keys[number], Completion(f"node{number}", None))
        assert f"this one x[1].node{number}.sqlite, and reads those of the others" in capfd.readouterr().err
    (tmp_path / "a" / "x[1].node3.sqlite").write_bytes(b"SQLite format 3\0 half written")
    texts = [kept and kept.text for _, kept in stores[1].find(keys)]
    assert texts == ["earlier", "node1", "node2", None]
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("SELECT count(*) FROM replies").fetchone()[0] == 1


@pytest.mark.parametrize(("umask", "mode"), [(0o002, 0o664), (0o022, 0o644), (0o077, 0o600)])
def test_the_umask_says_who_may_use_a_file(umask: int, mode: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        db = database.connect(tmp_path / "x.sqlite")
        db.execute("CREATE TABLE replies (a)")
        assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {mode}
        assert len(list(tmp_path.iterdir())) > 1  # The log, too.
        db.close()
    finally:
        os.umask(before)


@pytest.mark.parametrize("kind", ["ext4", "nfs4"])
def test_eight_processes_write_at_once_and_nothing_is_lost(kind: str, tmp_path: Path) -> None:
    table = mounts(tmp_path / "a", kind)
    assert written_at_once(tmp_path / "a" / "x.sqlite", table) == [""] * WRITERS


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")
def test_without_locks_a_file_is_the_lock_and_that_is_said(tmp_path: Path) -> None:
    library = tmp_path / "no_locks.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", library], input=NO_LOCKS, text=True, check=True)
    table = mounts(tmp_path / "a", "nfs")
    for line in written_at_once(tmp_path / "a" / "x.sqlite", table, LD_PRELOAD=str(library)):
        assert line.count("\n") == 1
        assert "locks do not work here (file system nfs), so that x.sqlite.lock is the lock" in line
    assert not (tmp_path / "a" / "x.sqlite.lock").exists()


@pytest.fixture
def without_shared_memory(tmp_path: Path) -> Iterator[Path]:
    """A folder on a real file system in which no write-ahead log works: FUSE without mappings."""
    if shutil.which("bindfs") is None or os.geteuid() != 0 or not os.path.exists("/dev/fuse"):
        pytest.skip("needs bindfs, FUSE and root")
    folder, behind = tmp_path / "mounted", tmp_path / "behind"
    folder.mkdir()
    behind.mkdir()
    if subprocess.run(["bindfs", "-o", "direct_io", behind, folder], capture_output=True).returncode:
        pytest.skip("FUSE cannot be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_file_system_without_shared_memory_is_found_out(without_shared_memory: Path, tmp_path: Path) -> None:
    said = written_at_once(without_shared_memory / "x.sqlite", file_system.MOUNTS)
    assert any("no write-ahead log works here" in line for line in said)
    assert all(line.count("\n") <= 1 for line in said)


def _as_nobody(file: Path, found: "Queue[object]") -> None:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
    try:
        store = ReplyStore(file)
    except UserError as error:
        found.put(str(error))
        return
    store.keep(bytes([1] * 32), Completion("new", None))
    found.put([kept and kept.text for _, kept in store.find([bytes(32), bytes([1] * 32)])])


@pytest.mark.parametrize("mode", [0o755, 0o777])
def test_another_users_file_is_read_and_stays_as_it_is(mode: int, capfd: pytest.CaptureFixture[str]) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to be two users")
    context = multiprocessing.get_context("fork")
    folder = Path("/tmp") / f"xl-two-users-{os.getpid()}"  # pytest's own folders are closed to others.
    folder.mkdir()
    folder.chmod(mode)
    try:
        file = folder / "x.sqlite"
        store = ReplyStore(file)
        store.keep(bytes(32), Completion("old", None))
        for closed in (False, True):
            if closed:
                store.close()
            before = sorted(path.name for path in folder.iterdir())
            found: Queue[object] = context.Queue()
            reader = context.Process(target=_as_nobody, args=(file, found))
            reader.start()
            assert found.get(timeout=PATIENCE) == ["old", None]
            reader.join()
            said = f"cache {file}: can be read and not written, so that what is new is not kept\n"
            assert capfd.readouterr().err == said
            assert sorted(path.name for path in folder.iterdir()) == before
        file.chmod(0o600)
        reader = context.Process(target=_as_nobody, args=(file, found))
        reader.start()
        assert found.get(timeout=PATIENCE) == f"cache {file}: Permission denied; give a file that can be written"
        reader.join()
        assert capfd.readouterr().err == ""
    finally:
        shutil.rmtree(folder)
