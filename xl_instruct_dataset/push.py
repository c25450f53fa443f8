"""A Hub folder goes to the Hub: checked first, private unless asked otherwise, in one commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset import hubfolder


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that would go up, by its path in the repository, and its size in bytes."""

    path: str
    size: int


def plan(folder: Path) -> list[Upload]:
    """The card and the files it names, and nothing else that lies in the folder.

    Raises UserError where the folder does not match its card.
    """
    files = [folder / hubfolder.CARD, *(file for config in hubfolder.verified(folder) for file in config.files)]
    return [Upload(file.relative_to(folder).as_posix(), file.stat().st_size) for file in files]


def push(folder: Path, repo: str, uploads: Sequence[Upload], *, public: bool = False, message: str = "") -> str:
    """Make the dataset repository if need be, and commit the files to it; returns the commit's address.

    The token is the one that huggingface_hub finds (`hf auth login`, or HF_TOKEN). Raises UserError in one line where
    the Hub refuses or cannot be reached.
    """
    import httpx
    from huggingface_hub import CommitOperationAdd, HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

    api = HfApi()
    try:
        api.create_repo(repo, repo_type="dataset", private=not public, exist_ok=True)
        operations = [CommitOperationAdd(upload.path, str(folder / upload.path)) for upload in uploads]
        commit = api.create_commit(
            repo, operations, repo_type="dataset", commit_message=message or f"Upload {folder.resolve().name}"
        )
    except HFValidationError as error:
        raise UserError(f"--repo {repo}: {' '.join(str(error).split())[:200]}") from None
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else None
        raise UserError(_refused(repo, status, error)) from None
    except (OfflineModeIsEnabled, httpx.HTTPError, OSError) as error:
        raise UserError(f"{repo}: the Hub cannot be reached ({type(error).__name__}); nothing was committed") from None
    return str(commit.commit_url)


def _refused(repo: str, status: int | None, error: Exception) -> str:
    match status:
        case 401:
            return f"{repo}: the Hub does not know you (401); log in with `hf auth login`, or set HF_TOKEN"
        case 403:
            return f"{repo}: your token may not write there (403); it needs write access to {repo.partition('/')[0]}"
        case _:
            return f"{repo}: the Hub refused ({status}): {' '.join(str(error).split())[:160]}"
