"""The settings of a run, in run.json and of a command: whether they are of one run, or why not."""

import json
from collections.abc import Mapping
from typing import Any

LATER_KEYS = ("model_commit", "adapter_commit", "commit", "quantization")
"""Settings, also in those of the judge, that the run folders of earlier versions do not have."""

Settings = Mapping[str, Any]
ANOTHER_FOLDER = "choose another --output"
"""What to do about a folder of other settings."""


def different(theirs: Settings, ours: Settings) -> list[str]:
    """The keys in which a folder's settings differ from a command's, in the folder's order.

    An endpoint's address does not count: a run goes on when a local server is started again at
    another port. What an earlier version did not record does not count where it is missing. Orders
    that version 0.1 drew by a coin stay for what was judged, and are balanced for the rest.
    """
    theirs, ours = _pinned(theirs, ours), _pinned(ours, theirs)
    return [
        key
        for key in {**theirs, **ours}
        if not (key in LATER_KEYS and key not in theirs)
        and not (key == "model" and "pairs" in theirs and key not in theirs)
        and (key, theirs.get(key), ours.get(key)) != ("order", "seeded", "balanced")
        and not _same(theirs.get(key), ours.get(key))
    ]


def difference(theirs: Settings, ours: Settings, key: str) -> str:
    """What differs in `key`, in words, and what to do."""
    before, now = theirs.get(key), ours.get(key)
    model = ours.get("model")
    if key == "model_fingerprint":
        return f"holds a run of {model} whose files have changed since; {ANOTHER_FOLDER}"
    if key in ("model_commit", "adapter_commit"):
        what = f"holds a run of {model} at commit {_commit(before)}, which is at {_commit(now)} by now"
        pin = f"--model-args revision={before} goes on with the old one, or " if key == "model_commit" else ""
        return f"{what}; {pin}{ANOTHER_FOLDER}"
    if key == "judge_identity" and isinstance(before, dict) and isinstance(now, dict):
        parts = [part for part in ("fingerprint", "commit") if part in before and before[part] != now.get(part)]
        if parts and before.get("model") == now.get("model"):
            return (
                f"holds a run judged by {now.get('model')} with {parts[0]} {before[parts[0]]}, "
                f"which has {now.get(parts[0])} by now; {ANOTHER_FOLDER}"
            )
    hint = ", or go on with --one-order" if key == "order" and now == "both" else ""
    return f"holds a run with {key} {_short(before)}, this one has {_short(now)}; {ANOTHER_FOLDER}{hint}"


def _pinned(settings: Settings, other: Settings) -> Settings:
    """Without a revision among the arguments, where the commits of both are known."""
    arguments = settings.get("model_args")
    if not (isinstance(arguments, dict) and settings.get("model_commit") and other.get("model_commit")):
        return settings
    return {**settings, "model_args": {key: value for key, value in arguments.items() if key != "revision"}}


def _same(before: object, now: object) -> bool:
    if isinstance(before, list) and isinstance(now, list):  # The members of a panel.
        return len(before) == len(now) and all(map(_same, before, now))
    if not isinstance(before, dict) or not isinstance(now, dict):
        return before == now
    return all(
        _same(before.get(key), now.get(key))
        for key in {**before, **now}
        if key != "endpoint" and not (key in LATER_KEYS and key not in before)
    )


def _commit(value: object) -> str:
    return str(value)[:12] if value else "none that is known"


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "..."
