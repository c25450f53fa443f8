"""The run in a repository that another one would take the place of."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from xl_alpacaeval_metric.hub import push
from xl_alpacaeval_metric.publishing import published_results
from xl_alpacaeval_metric.publishing.published_results import PublishedResult
from xl_alpacaeval_metric.publishing.published_run import ALL
from xl_alpacaeval_metric.terminal import counted

SAMPLES = "samples/*.parquet"
NONE = "none"
_Texts = Mapping[tuple[str, str], tuple[str, str]]
"""(id, language) -> (answer, reference)"""
_KEPT = {"prompt": "judged with prompt", "judge_votes": "judged with votes:", "criteria": "rated by criteria"}
"""Parts of a signature of which another value, or none, loses judgements."""


def replaced(folder: Path, repo: str, planned: push.PushPlan) -> list[str]:
    """What `push` of a run's Hub folder would take away from the repository: lines to read before.

    Those of `push.replaced`; files that cannot be read; a run of another model or benchmark, judged
    in another way; languages and items that the run in the folder does not have, and answers that
    are others there. Raises UserError as `push.replaced` does.
    """
    results = push.files_of(repo, published_results.FILES)
    there = published_results.of_files(repo, results)
    samples = push.files_of(repo, SAMPLES) if there else []
    unread = [
        f"{file.parent.name}/{file.name}, which cannot be read"
        for file in (*results, *samples)
        if not published_results.is_readable(file)
    ]
    return lost(folder, there, samples, [*unread, *push.replaced(repo, planned)])


def lost(
    folder: Path, there: Sequence[PublishedResult], samples: Sequence[Path], lines: Sequence[str] = ()
) -> list[str]:
    """What the run in a Hub folder lacks of published results, and of the samples beside them.

    `lines` are what else is lost; they are all of it where nothing is published there.
    """
    if not there:
        return [*lines]
    ours = published_results.of_folder(folder)
    if (there[0].model, there[0].benchmark) != (ours[0].model, ours[0].benchmark):
        return [f"the run of {there[0].model} on {there[0].benchmark}", *lines]
    codes = [one.language for one in ours]
    missing = [one.language for one in there if one.language not in (*codes, ALL)]
    return [
        *lines,
        *_judged_otherwise(there[0].parts, ours[0].parts),
        *([f"the languages {', '.join(missing)}"] if missing else []),
        *_items(_texts(samples), _texts(sorted(folder.glob(SAMPLES))), codes),
    ]


def _judged_otherwise(there: Mapping[str, str], ours: Mapping[str, str]) -> Iterator[str]:
    """What is lost of how the run there was judged; a run without a judge loses nothing."""
    # Without the versions, such as that of a model's files.
    judges, mine = (re.sub("@[^+]*", "", parts.get("judge", NONE)) for parts in (there, ours))
    if judges == NONE:
        return
    if judges != mine:
        yield f"the same run as {judges} judged it"
        return
    for part, what in _KEPT.items():
        if there.get(part, ours.get(part)) != ours.get(part):
            yield f"the same run {what} {there[part]}"
    if there.get("order") == "both" != ours.get("order"):
        yield "the same run judged in both orders"


def _items(there: _Texts, ours: _Texts, codes: Sequence[str]) -> Iterator[str]:
    lost = Counter(language for identifier, language in there if (identifier, language) not in ours)
    if counts := [f"{language} {lost[language]}" for language in codes if lost[language]]:
        yield f"items that it does not have ({', '.join(counts)})"
    if other := sum(key in ours and texts != ours[key] for key, texts in there.items()):
        yield f"{counted(other, 'answer')} other than these, or compared with other references"


def _texts(files: Sequence[Path]) -> dict[tuple[str, str], tuple[str, str]]:
    rows = published_results.rows(files, ("id", "language", "prediction", "reference"))
    return {
        (str(row["id"]), str(row["language"])): (str(row["prediction"] or ""), str(row["reference"] or ""))
        for row in rows
    }
