"""A Hub folder goes to the Hub: checked first, private unless asked otherwise, in one commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.hub import folder as hub_folder

if TYPE_CHECKING:
    from huggingface_hub.errors import HfHubHTTPError


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that would go up, by its path in the repository, and its size in bytes."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What would go up; the patterns of the data files, by which older ones are found there; and what in the folder stays."""

    uploads: Sequence[Upload]
    patterns: Sequence[str]
    left: Sequence[str]


def plan(folder: Path) -> Plan:
    """The card and the files it names, and nothing else that lies in the folder.

    Raises UserError where the folder does not match its card.
    """
    configs = hub_folder.verified(folder)
    files = dict.fromkeys([folder / hub_folder.CARD, *(file for config in configs for file in config.files)])
    uploads = [Upload(file.relative_to(folder).as_posix(), file.stat().st_size) for file in files]
    left = sorted(
        file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file() and file not in files
    )
    return Plan(uploads, [pattern for config in configs for pattern in config.patterns], left)


@dataclass(frozen=True, slots=True)
class Pushed:
    """The commit's address, the older data files that it removed, and whether the repository is private."""

    url: str
    removed: Sequence[str]
    private: bool


def push(folder: Path, repo: str, planned: Plan, *, public: bool = False, message: str = "") -> Pushed:
    """Make the dataset repository if need be, and commit the files to it.

    Data files of the same configurations that are there and not among them go in the same commit: the card's patterns
    would take them for rows of today. The token is the one that huggingface_hub finds (`hf auth login`, or HF_TOKEN).
    Raises UserError in one line where the Hub refuses or cannot be reached.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    api = HfApi()
    try:
        api.create_repo(repo, repo_type="dataset", private=not public, exist_ok=True)
        info = api.dataset_info(repo)
        there = [file.rfilename for file in info.siblings or ()]
        removed = _older(there, planned)
        commit = api.create_commit(
            repo,
            [
                *(CommitOperationAdd(upload.path, str(folder / upload.path)) for upload in planned.uploads),
                *(CommitOperationDelete(path, is_folder=False) for path in removed),
            ],
            repo_type="dataset",
            commit_message=message.strip() or f"Upload {folder.resolve().name}",
        )
    except HFValidationError as error:
        raise UserError(f"--repo {repo}: {_in_short(error)}") from None
    except HfHubHTTPError as error:
        raise UserError(_refused(repo, error)) from None
    except Exception as error:
        # httpx, hf_xet and the threads of an upload have errors of their own, the Hub's often behind them.
        if isinstance(error, ValueError):
            raise UserError(f"{repo}: the Hub refused: {_in_short(error)}") from None
        if isinstance(error.__cause__, HfHubHTTPError):
            raise UserError(_refused(repo, error.__cause__)) from None
        reason = f"{type(error).__name__}: {_in_short(error.__cause__ or error)}"
        raise UserError(f"{repo}: the Hub cannot be reached, nothing was committed ({reason})") from None
    return Pushed(str(commit.commit_url), removed, bool(info.private))


def _older(there: Sequence[str], planned: Plan) -> list[str]:
    ours = {upload.path for upload in planned.uploads}
    return [
        path for path in there if path not in ours and any(fnmatchcase(path, pattern) for pattern in planned.patterns)
    ]


def _refused(repo: str, error: "HfHubHTTPError") -> str:
    status = error.response.status_code if error.response is not None else None
    match status:
        case 401:
            return f"{repo}: the Hub does not know you (401); log in with `hf auth login`, or set HF_TOKEN"
        case 403:
            return f"{repo}: your token may not write there (403); it needs write access to {repo.partition('/')[0]}"
        case _:
            return f"{repo}: the Hub refused ({status}): {_in_short(error)}"


def _in_short(error: BaseException) -> str:
    """What the Hub itself says, where it says anything, in one line."""
    said = getattr(error, "server_message", None) or str(error)
    return " ".join(said.split())[:200]
