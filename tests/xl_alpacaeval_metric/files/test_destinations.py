"""Where results may go is said before the work: in one line, with path, problem and need."""

import os
from pathlib import Path

import pytest

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import destinations
from xl_alpacaeval_metric.hub import folder as hub_folder

FULL = Path("/dev/full")
"""A file on which every write fails as on a full disk."""


def test_what_can_be_written_is_taken_and_nothing_is_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in (".", "file", "new", "new/below/it"):
        assert destinations.writable(tmp_path / name) == tmp_path / name
    assert destinations.writable_folder(tmp_path / "new") == tmp_path / "new"
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path, line in (
        (tmp_path / "file" / "x", f"file/x: cannot be written, since {tmp_path / 'file'} is a file; give another path"),
        (Path(os.devnull), "is neither a file nor a folder, so nothing can be kept there; give another path"),
    ):
        with pytest.raises(UserError, match=f"{line}$"):
            destinations.writable(path)
    with pytest.raises(UserError, match=r"file: is a file; give a folder$"):
        destinations.writable_folder(tmp_path / "file")


def test_a_folder_of_others_is_said(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir(mode=0o555)
    is_root = os.geteuid() == 0
    if is_root:  # Who may write anywhere; the real user is the one that is asked about.
        os.setreuid(65534, -1)
    try:
        with pytest.raises(UserError, match=r"theirs is not writable for you; give another path$"):
            destinations.writable(tmp_path / "theirs" / "x")
    finally:
        if is_root:
            os.setreuid(0, -1)


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_a_full_disk_is_said_of_what_was_to_be_written(tmp_path: Path) -> None:
    line = r"out: cannot be written \(No space left on device\); make room there, and run the same command again$"
    with pytest.raises(UserError, match=line), destinations.write_errors(tmp_path / "out"):
        FULL.write_text("text", encoding="utf-8")
    with pytest.raises(UserError, match=line), hub_folder.replaced(tmp_path / "out"):
        FULL.write_text("text", encoding="utf-8")
    with pytest.raises(FileNotFoundError), hub_folder.replaced(tmp_path / "out"):
        (tmp_path / "a source of rows").read_text("utf-8")
    assert not list(tmp_path.iterdir())
