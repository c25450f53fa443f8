"""File systems: which one a path is on, and what it cannot do."""

import mmap
import os
import re
import tempfile
from pathlib import Path

try:
    import fcntl
except ModuleNotFoundError:  # Windows, whose locks always work.
    fcntl = None  # type: ignore[assignment]

MOUNTS = Path("/proc/self/mountinfo")
_ORDERED = re.compile(
    r"ceph|cifs|gfs2|gpfs|lustre|ncpfs|nfs\d?|ocfs2|orangefs|panfs|pvfs2|smb\w*|wekafs"
    r"|fuse\.(ceph|gpfs|lustre|mmfs|weka).*"
)
_CACHED = re.compile(
    r"9p|afs|beegfs|cvmfs|glusterfs|vboxsf|virtiofs"
    r"|fuse\.(beegfs|gcsfuse|gluster|goofys|juicefs|mfs|moosefs|rclone|s3fs|sshfs).*"
)
"""Shared ones in which a lock holds on one machine alone, or what another machine has written is
seen only some time after its lock is gone.
"""


def kind(path: Path) -> str:
    """The type of the file system as Linux names it, such as `ext4` and `lustre`.

    Empty where that is not known.
    """
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    place = os.path.realpath(path)
    best, found = -1, ""
    for line in lines:
        # https://docs.kernel.org/filesystems/proc.html: ... mount point, options, tags, "-", type
        fields, _, rest = line.partition(" - ")
        point = re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), fields.split(" ")[4])
        inside = place == point or place.startswith(f"{point.rstrip('/')}/")
        if inside and len(point) >= best:  # The later mount covers the earlier.
            best, found = len(point), rest.split(" ")[0]
    return found


def shared(path: Path) -> bool:
    """Whether other machines may use the path's file system at the same time."""
    return _ORDERED.fullmatch(kind(path)) is not None or lags(path)


def lags(path: Path) -> bool:
    """Whether a machine may see old parts of a file after it has locked it against the others."""
    return _CACHED.fullmatch(kind(path)) is not None


def locks(folder: Path) -> bool:
    """Whether ranges of its files can be locked; raises OSError where none can be made."""
    with tempfile.TemporaryFile(dir=folder) as file:
        try:
            if fcntl is not None:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


def maps(folder: Path) -> bool:
    """Whether processes can share its files as memory; raises OSError as `locks` does."""
    with tempfile.TemporaryFile(dir=folder) as file:
        file.truncate(mmap.PAGESIZE)
        try:
            mmap.mmap(file.fileno(), mmap.PAGESIZE).close()
        except OSError:
            return False
        return True
