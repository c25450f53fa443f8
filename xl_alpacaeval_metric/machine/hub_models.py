"""What the Hub, and its cache on this machine, have of a model."""

from functools import cache
from pathlib import Path

from xl_alpacaeval_metric.machine import hub_connection

_SECONDS = 10.0
"""To wait for the Hub's answer about a model."""


def is_cached(model: str) -> bool:
    """Whether the Hub's cache has anything of a model."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    snapshots = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=model, repo_type="model") / "snapshots"
    return snapshots.is_dir() and any(snapshots.iterdir())


def commit(model: str, revision: str | None) -> str | None:
    """The commit of a revision; None where the Hub has no such model or cannot be reached.

    Asked before any download.
    """
    return asked(model, revision)[0] if hub_connection.may_be_asked() else None


@cache
def asked(model: str, revision: str | None) -> tuple[str | None, str]:
    """The commit of a revision, and what is wrong where the Hub says that it has no such model."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        return HfApi().model_info(model, revision=revision, timeout=_SECONDS).sha, ""
    except GatedRepoError:  # Loading says best how to get access.
        return None, ""
    except RepositoryNotFoundError:
        return None, "the Hub has no such model; check the name, and HF_TOKEN for a private one"
    except RevisionNotFoundError:
        return None, f"the Hub has no revision {revision!r} of it"
    except Exception:  # Its class depends on the HTTP library of huggingface_hub.
        return None, ""


@cache
def sizes(model: str, commit: str) -> dict[str, int]:
    """The bytes of the files of a commit by name; empty where the Hub does not tell."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    try:
        files = HfApi().model_info(model, revision=commit, files_metadata=True).siblings or []
    except (HfHubHTTPError, OfflineModeIsEnabled, OSError, ValueError):
        return {}
    return {file.rfilename: file.size or 0 for file in files if "/" not in file.rfilename}
