"""A repository of the Hub: what the Hub says of its files, and which of them the cache holds."""

import glob
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from xl_alpacaeval_metric.errors import UserError

if TYPE_CHECKING:
    from huggingface_hub.errors import HfHubHTTPError

Kind = Literal["model", "dataset"]


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a repository at a commit, by path, with their sizes in bytes."""

    commit: str
    sizes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Cached:
    """What lies in the Hub's cache: the folder of a commit, None where there is none.

    `listing` are all files of the repository at that commit, None where the cache does not say.
    """

    folder: Path | None = None
    commit: str = ""
    listing: Listing | None = None

    def missing(self, names: Collection[str]) -> list[str]:
        """Those of the files that are not here, or not whole."""
        found = []
        for name in names:
            file = self.folder / name if self.folder else None
            expected = self.listing.sizes.get(name) if self.listing else None
            if file is None or not file.is_file():
                found.append(name)
            elif expected is not None and file.stat().st_size != expected:
                found.append(f"{name} ({file.stat().st_size} of {expected} bytes)")
        return found


@dataclass(frozen=True, slots=True)
class Repository:
    """A model or dataset of the Hub; `revision` is a branch, a tag or a commit, by default main."""

    name: str
    kind: Kind = "model"
    revision: str | None = None

    def on_hub(self) -> Listing:
        """What the Hub says; raises UserError where it does not have it, or does not answer."""
        from huggingface_hub import HfApi
        from huggingface_hub.hf_api import RepoFile

        api = HfApi()
        try:
            commit = api.repo_info(self.name, repo_type=self.kind, revision=self.revision).sha or "main"
            tree = api.list_repo_tree(self.name, recursive=True, revision=commit, repo_type=self.kind)
            return Listing(commit, {file.path: file.size for file in tree if isinstance(file, RepoFile)})
        except Exception as error:  # The classes of huggingface_hub's HTTP library differ by its version.
            raise UserError(f"{self.name}: {reason_of(error, self)}") from None

    def download(self, names: Collection[str]) -> None:
        """Download these files into the cache; those that are there stay. Raises UserError."""
        from huggingface_hub import snapshot_download

        try:
            folder = snapshot_download(
                self.name, repo_type=self.kind, revision=self.revision, allow_patterns=[*map(glob.escape, names)]
            )
        except Exception as error:  # As above; a full disk is an OSError.
            raise UserError(f"{self.name}: {reason_of(error, self)}") from None
        _open_listings(Path(folder))

    def cached(self) -> Cached:
        """What the cache of this machine holds; asks nobody."""
        from huggingface_hub import constants
        from huggingface_hub.file_download import repo_folder_name

        storage = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=self.name, repo_type=self.kind)
        wanted = self.revision or constants.DEFAULT_REVISION
        reference = storage / "refs" / wanted
        commit = reference.read_text("utf-8").strip() if reference.is_file() else wanted
        folder = storage / "snapshots" / commit
        if not folder.is_dir():
            return Cached()
        return Cached(folder, commit, _listing(self, commit))


def _open_listings(folder: Path) -> None:
    """Let those who may read the folder of a commit read the lists of files beside it, too.

    huggingface_hub closes them to all but the one who downloads, whatever the umask says.
    """
    mode = folder.stat().st_mode & 0o666
    for file in (folder.parents[1] / "trees").glob("*.json"):
        with suppress(OSError):  # Another user's.
            file.chmod(mode)


def _listing(repository: Repository, commit: str) -> Listing | None:
    """The files that the download wrote down, as newer versions of huggingface_hub do."""
    try:
        from huggingface_hub import get_cached_repo_tree
        from huggingface_hub.errors import CachedRepoTreeNotFoundError
    except ImportError:
        return None
    try:
        files = get_cached_repo_tree(repository.name, repo_type=repository.kind, revision=commit)
    except (CachedRepoTreeNotFoundError, OSError):
        return None
    return Listing(commit, {file.path: file.size for file in files})


def reason_of(error: Exception, repository: Repository) -> str:
    """Why a repository, or one of its files, cannot be had, in a few words."""
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RevisionNotFoundError,
    )

    if isinstance(error, LocalEntryNotFoundError) and isinstance(error.__cause__, Exception):
        return reason_of(error.__cause__, repository)  # huggingface_hub looked into the cache, too.
    where = f"https://huggingface.co/{'datasets/' if repository.kind == 'dataset' else ''}{repository.name}"
    if isinstance(error, GatedRepoError):
        return f"is gated: accept its terms at {where}, and log in with `hf auth login` (or set HF_TOKEN)"
    if isinstance(error, RevisionNotFoundError):
        return f"the Hub has no revision {repository.revision!r} of it"
    if isinstance(error, HfHubHTTPError) and _status(error) in (401, 404, None):
        return f"the Hub has no such {repository.kind}, or not for you (`hf auth login`, or HF_TOKEN)"
    if isinstance(error, HFValidationError):
        return "is no folder of this machine, and no name that the Hub could have"
    if isinstance(error, HfHubHTTPError):
        return f"the Hub refused ({_status(error)})"
    text = " ".join(str(error).split())[:160]
    return f"cannot be had from the Hub ({type(error).__name__}: {text})"


def _status(error: "HfHubHTTPError") -> int | None:
    return error.response.status_code if error.response is not None else None
