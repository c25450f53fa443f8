"""What is needed, downloaded into the Hub's cache."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.machine import hub_connection
from xl_alpacaeval_metric.prefetch import found as finding
from xl_alpacaeval_metric.prefetch.found import Found
from xl_alpacaeval_metric.prefetch.needs import Need, Source
from xl_alpacaeval_metric.terminal import counted

OURS = (Source.FOLDER, Source.PATH, Source.FILE, Source.REFERENCES, Source.PACKAGE, Source.ENDPOINT)
"""Sources that nothing is downloaded from."""
Tell = Callable[[str], None]
_PATIENCE = 5.0
"""Seconds to wait for the Hub, without which there is nothing to go on with."""


@dataclass(frozen=True, slots=True)
class _Fetcher:
    tell: Tell

    def __call__(self, need: Need) -> Found:
        if need.source in OURS:
            return finding.look(need)
        repository = finding.repository(need)
        try:
            listing = repository.on_hub()
            names = finding.wanted(need, listing.sizes)
            if not names:
                return Found(need, listing.commit, reason="holds no file that a run could read")
            cached = repository.cached()
            here = set(names) - set(cached.missing(names)) if cached.commit == listing.commit else set()
            left = [name for name in names if name not in here]
            total = sum(listing.sizes.get(name, 0) for name in left)
            check_room(total)
            if total:
                self.tell(f"{need.role}: {need.name}: {len(left)} of {counted(len(names), 'file')}, {in_words(total)}")
            repository.download(names)
        except UserError as error:
            return Found(need, reason=str(error).removeprefix(f"{need.name}: "))
        return finding.look(need)


def fetch(needs: Sequence[Need], tell: Tell = lambda _: None) -> list[Found]:
    """Download what is not here yet, and see what then is; also what that needs in turn.

    One need's failure does not keep the others waiting: its reason is in what is returned. `tell`
    gets a line before each download. Raises UserError where the Hub cannot be reached at all.
    """
    from huggingface_hub import constants

    if any(need.source not in OURS for need in needs):
        if constants.is_offline_mode():
            raise UserError(
                "HF_HUB_OFFLINE is set, so that nothing can be downloaded; unset it here, or give --check to see "
                "what is missing"
            )
        if not hub_connection.is_reachable(_PATIENCE):
            raise UserError(
                f"the Hub ({constants.ENDPOINT}) does not answer; on a machine without internet, --check says what "
                "is missing"
            )
    return finding.every(needs, _Fetcher(tell))


def in_words(size: int) -> str:
    """A number of bytes as kB, MB or GB of a thousand each, as the Hub shows it."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} B"


def check_room(size: int) -> None:
    """Raises UserError where the disk of the Hub's cache has less room than that."""
    from huggingface_hub import constants

    folder = Path(constants.HF_HUB_CACHE)
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if size > free:
        raise UserError(
            f"takes {in_words(size)}, and {constants.HF_HUB_CACHE} has room for {in_words(free)}; set HF_HOME to a "
            "folder on a larger disk, for the runs, too"
        )
