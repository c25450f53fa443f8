"""Pushing a Hub folder: checked first, in one commit, to a repository private by default."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import filter as filter_names
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.hub import folder as hub_folder
from xl_alpacaeval_metric.hub.front_matter import TAG
from xl_alpacaeval_metric.terminal import counted

if TYPE_CHECKING:
    from huggingface_hub.errors import HfHubHTTPError


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to upload: its path in the repository, and its size in bytes."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class PushPlan:
    """What to upload: the files, the patterns of the card's data files, and what is left out.

    The patterns find older data files in the repository. `configs` are the names of the card's
    configurations, `left_out` files of the folder that the card does not name.
    """

    uploads: Sequence[Upload]
    patterns: Sequence[str]
    configs: Sequence[str]
    left_out: Sequence[str]


def plan(folder: Path, also: Sequence[str] = ()) -> PushPlan:
    """Plan to upload the card, the files that it names, eval.yaml where there is one, and `also`.

    Raises UserError unless card and data files match, and for a damaged file.
    """
    configs = hub_folder.verified(folder)
    hub_folder.check_content(configs)
    beside = [folder / name for name in (hub_folder.EVAL, *also) if (folder / name).is_file()]
    files = dict.fromkeys([folder / hub_folder.CARD, *beside, *(file for config in configs for file in config.files)])
    uploads = [Upload(file.relative_to(folder).as_posix(), file.stat().st_size) for file in files]
    left_out = sorted(
        file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file() and file not in files
    )
    return PushPlan(
        uploads,
        patterns=[pattern for config in configs for pattern in config.patterns],
        configs=[config.name for config in configs],
        left_out=left_out,
    )


def address(repo: str) -> str:
    """The page of a dataset repository."""
    from huggingface_hub import constants

    return f"{constants.ENDPOINT}/datasets/{repo}"


def check_name(repo: str, option: str = "--repo") -> None:
    """Raises UserError where `repo` is not of the form ORG/NAME, or no name that the Hub allows."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    if repo.count("/") != 1:
        raise UserError(f"{option} {repo!r} is not of the form ORG/NAME, such as my-lab/xl-instruct")
    try:
        validate_repo_id(repo)
    except HFValidationError as error:
        raise UserError(f"{option} {repo}: {_summary(error)}") from None


def files_of(repo: str, pattern: str) -> list[Path]:
    """The files of a dataset repository that match, on this machine; none where it does not exist.

    Raises UserError where the Hub refuses or cannot be reached.
    """
    from huggingface_hub import hf_hub_download

    names, commit = _names(repo)
    try:
        found = sorted(filter_names(names, pattern))
        return [Path(hf_hub_download(repo, name, repo_type="dataset", revision=commit)) for name in found]
    except Exception as error:
        raise hub_failure(repo, error) from None


def _names(repo: str) -> tuple[list[str], str | None]:
    """The files of a dataset repository, and its commit; none where it does not exist."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        info = HfApi().dataset_info(repo)
        return [file.rfilename for file in info.siblings or ()], info.sha
    except RepositoryNotFoundError:
        return [], None
    except Exception as error:
        raise hub_failure(repo, error) from None


def front_of(card: Path) -> Mapping[str, Any]:
    """The front matter of a card; empty where it has none that can be read."""
    try:
        return hub_folder.metadata(card.parent)
    except UserError:
        return {}


def replaced(repo: str, planned: PushPlan) -> list[str]:
    """What the push would take away from the repository: lines to read before it.

    Configurations of the card there that the folder's card does not list, so that nobody could load
    them any more, and a card that this package did not write. Empty where the repository does not
    exist. Raises UserError where the Hub refuses or cannot be reached.
    """
    card = next(iter(files_of(repo, hub_folder.CARD)), None)
    if card is None:
        others = [Path(name).name for name in _names(repo)[0] if not name.startswith(".git")]
        what = (
            f"{counted(len(others), 'file')}, such as {others[0]}, which can be loaded without a card now"
            if others
            else ""
        )
        return [what] if what else []
    front = front_of(card)
    listed = front.get("configs")
    names = [str(config.get("config_name")) for config in (listed if isinstance(listed, list) else ()) if config]
    lost = [name for name in names if name not in planned.configs]
    lines = [f"the configurations {', '.join(lost)}, whose files would stay and could not be loaded"] if lost else []
    if TAG not in (front.get("tags") or ()):
        lines.append(f"its {hub_folder.CARD}, which this command did not write")
    return lines


@dataclass(frozen=True, slots=True)
class Pushed:
    """The commit's URL, the data files that it removed, and whether the repository is private."""

    url: str
    removed: Sequence[str]
    private: bool


def push(folder: Path, repo: str, planned: PushPlan, *, public: bool = False, message: str = "") -> Pushed:
    """Commit the files to the dataset repository, which is created if it does not exist.

    Other data files of the same configurations are removed in the same commit: the card's patterns
    match them, so that their rows would be loaded, too. The token is that of huggingface_hub (`hf
    auth login`, or HF_TOKEN). Raises UserError where the Hub refuses or cannot be reached.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

    check_name(repo)
    api = HfApi()
    new, left = _names(repo)[1] is None, ""
    try:
        api.create_repo(repo, repo_type="dataset", private=not public, exist_ok=True)
        left = "; the new repository is there now, and empty" if new else ""
        info = api.dataset_info(repo)
        there = [file.rfilename for file in info.siblings or ()]
        removed = _older(there, planned)
        commit = api.create_commit(
            repo,
            [
                *(CommitOperationAdd(upload.path, _content(folder / upload.path, repo)) for upload in planned.uploads),
                *(CommitOperationDelete(path, is_folder=False) for path in removed),
            ],
            repo_type="dataset",
            commit_message=message.strip() or f"Upload {folder.resolve().name}",
        )
    except Exception as error:
        raise UserError(f"{hub_failure(repo, error)}{left}") from None
    return Pushed(str(commit.commit_url), removed, bool(info.private))


def _content(file: Path, repo: str) -> str | bytes:
    """The path of a file to upload; of the card its text, in which code names the repository."""
    return named(file.read_text("utf-8"), repo).encode() if file.name == hub_folder.CARD else str(file)


def named(card: str, repo: str) -> str:
    """The card with the repository's name where its code has that of the folder."""
    card = re.sub(r'(?<=load_dataset\(")[^"\n]*(?=")', repo, card)
    return card.replace("hf/ORG/NAME", f"hf/{repo}")


def _older(there: Sequence[str], planned: PushPlan) -> list[str]:
    ours = {upload.path for upload in planned.uploads}
    return [
        path for path in there if path not in ours and any(fnmatchcase(path, pattern) for pattern in planned.patterns)
    ]


def hub_failure(repo: str, error: Exception) -> UserError:
    """The Hub's refusal, or why it cannot be reached, in one line."""
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    if isinstance(error, HfHubHTTPError):
        return UserError(_refused(repo, error))
    # httpx, hf_xet and upload threads raise errors of their own, often with the Hub's as cause.
    if isinstance(error, ValueError):
        return UserError(f"{repo}: the Hub refused: {_summary(error)}")
    if isinstance(error.__cause__, HfHubHTTPError):
        return UserError(_refused(repo, error.__cause__))
    if isinstance(error, OfflineModeIsEnabled):
        return UserError(f"{repo}: the Hub is not asked, since HF_HUB_OFFLINE is set")
    reason = f"{type(error).__name__}: {_summary(error.__cause__ or error)}"
    return UserError(f"{repo}: the Hub cannot be reached, nothing was committed ({reason})")


def _refused(repo: str, error: "HfHubHTTPError") -> str:
    status = error.response.status_code if error.response is not None else None
    match status:
        case 401:
            return f"{repo}: the Hub does not know you (401); log in with `hf auth login`, or set HF_TOKEN"
        case 403:
            return f"{repo}: your token may not write there (403); it needs write access to {repo.partition('/')[0]}"
        case _:
            return f"{repo}: the Hub refused ({status}): {_summary(error)}"


def _summary(error: BaseException) -> str:
    """The Hub's own message, or else the error's, in one line."""
    said = getattr(error, "server_message", None) or str(error)
    return " ".join(said.split())[:200]
