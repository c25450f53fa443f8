"""The run in a repository that another one would take the place of."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.hub import folder as hub_folder
from xl_alpacaeval_metric.hub import front_matter, push

NONE = "none"
_JUDGE = re.compile(r"judge:([^|`\s]+)")


def replaced(folder: Path, repo: str, planned: push.PushPlan) -> list[str]:
    """What `push` of a run's Hub folder would take away from the repository: lines to read before.

    Those of `push.replaced`, a run of another model or benchmark, of another judge, and languages
    that the run in the folder does not have. Raises UserError as `push.replaced` does.
    """
    lines = push.replaced(repo, planned)
    card = push.card_of(repo)
    if card is None:
        return lines
    there, ours = push.front_of(card), hub_folder.metadata(folder)
    if front_matter.TAG not in (there.get("tags") or ()):
        return lines
    if there.get("pretty_name") != ours.get("pretty_name"):
        return [f"the run of {there.get('pretty_name')}", *lines]
    judge, other = _judge(folder / hub_folder.CARD), _judge(card)
    if other not in (judge, NONE):
        lines.append(f"the same run as {other} judged it")
    if missing := [code for code in _languages(there) if code not in _languages(ours)]:
        lines.append(f"the languages {', '.join(missing)}")
    return lines


def _judge(card: Path) -> str:
    """The judge in the card's signature, without its version; "none" where there is none."""
    found = _JUDGE.search(card.read_text("utf-8", errors="replace"))
    return re.sub("@[^+]*", "", found[1]) if found else NONE


def _languages(front: Mapping[str, Any]) -> list[str]:
    found = front.get("language")
    return [str(code) for code in found] if isinstance(found, list) else [str(found)] if found else []
