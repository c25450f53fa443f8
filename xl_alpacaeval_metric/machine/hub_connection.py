"""Whether the Hub can be reached from this machine; where it cannot, nothing waits for it."""

import os
import sys
import threading
from contextlib import suppress
from functools import cache

from xl_alpacaeval_metric.terminal import say

SECONDS = 4.0
"""Within which the Hub must answer to count as reachable."""


def may_be_asked() -> bool:
    """Whether the Hub may be asked: one quick look in a process, before the first request.

    Where it does not answer, a line says so, and this process and its children work as with
    HF_HUB_OFFLINE=1: huggingface_hub would try again for half a minute for each file. Nothing is
    looked at where that is set, to 0 as well: a slow Hub is waited for then.
    """
    from huggingface_hub import constants

    if constants.is_offline_mode():
        return False
    if not os.environ.get("HF_HUB_OFFLINE") and not _answers(constants.ENDPOINT):
        say(
            f"the Hub ({constants.ENDPOINT}) does not answer within {SECONDS:g} s; going on as with HF_HUB_OFFLINE=1 "
            "(HF_HUB_OFFLINE=0 waits for it)",
            error=True,
        )
        _go_offline()
        return False
    return True


def is_reachable(seconds: float = SECONDS) -> bool:
    """Whether the Hub answers within these seconds, through a proxy where one is set."""
    from huggingface_hub import constants, get_session

    if constants.is_offline_mode():
        return False
    session, answers = get_session(), []

    def look() -> None:
        with suppress(Exception):  # Its class depends on the HTTP library and on what fails.
            answers.append(session.head(constants.ENDPOINT, timeout=seconds))

    # The search for an address has no time limit of its own.
    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(seconds)
    return bool(answers)


@cache
def _answers(endpoint: str) -> bool:
    return is_reachable(SECONDS)


def _go_offline() -> None:
    from huggingface_hub import constants

    os.environ["HF_HUB_OFFLINE"] = "1"
    constants.HF_HUB_OFFLINE = True
    if "datasets" in sys.modules:
        import datasets

        datasets.config.HF_HUB_OFFLINE = True
