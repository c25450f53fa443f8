"""Win rates as `.eval_results/*.yaml` of a model repository, which the Hub shows on its page."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import yaml_file
from xl_alpacaeval_metric.hub.push import hub_failure
from xl_alpacaeval_metric.publishing.published_run import ALL, PublishedRun

if TYPE_CHECKING:
    from huggingface_hub import EvalResultEntry


PAIRS = "pairs"
"""In the place of a benchmark's name, where answers and references are those of a file."""


def path(run: PublishedRun) -> str:
    """Where the file goes in the model's repository."""
    return f".eval_results/xl-alpacaeval-{run.benchmark or PAIRS}.yaml"


def entries(run: PublishedRun, benchmark_repo: str, source: str) -> list["EvalResultEntry"]:
    """One entry for each language with a win rate that its judge may give.

    `benchmark_repo`: the dataset with the benchmark's eval.yaml, whose task ids are the languages'
    codes. `source`: the published run. The format has no field for an interval: it is in the notes.
    Raises UserError where no language has such a win rate, and for pairs of a file.
    """
    from huggingface_hub import EvalResultEntry

    if run.benchmark in ("", PAIRS):
        raise UserError(
            f"{run.path}: is judged from a file of pairs, which is no benchmark; "
            "a model's page takes figures of eval's benchmarks (leave out --model-repo)"
        )

    found = []
    for code, scores in run.scores():
        if code == ALL or not run.believed(scores):
            continue
        low, high = scores.get("win_rate_ci95") or (None, None)
        interval = "" if low is None else f", 95% interval {low:.1f} to {high:.1f}"
        found.append(
            EvalResultEntry(
                dataset_id=benchmark_repo,
                task_id=code,
                value=round(float(scores["win_rate"]), 2),
                date=run.dates[1] or run.dates[0] or None,
                source_url=source,
                source_name="xl-suite",
                notes=f"win rate in percent against the reference, by a judge model{interval}; {run.signature}",
            )
        )
    if not found:
        raise UserError(
            f"{run.path}: no language has a win rate by a judge that is one; nothing to put on a model's page"
        )
    return found


def text(found: list["EvalResultEntry"], others: Sequence[object] = ()) -> str:
    """The YAML file, with entries that are there before ours."""
    import yaml
    from huggingface_hub import eval_result_entries_to_yaml

    content = [*others, *eval_result_entries_to_yaml(found)]
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=10_000)


def others(model_repo: str, where: str, found: list["EvalResultEntry"]) -> list[object]:
    """Entries in the model's file of other datasets and languages, which a new file would drop.

    Raises UserError where the file is no list, the Hub refuses or cannot be reached.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    try:
        file = Path(hf_hub_download(model_repo, where))
    except EntryNotFoundError:
        return []
    except Exception as error:
        raise hub_failure(model_repo, error) from None
    ours = {(one.dataset_id, one.task_id) for one in found}
    try:
        there = yaml_file.parse(file.read_text("utf-8", errors="replace"))
    except yaml_file.NotYaml:
        there = None
    if not isinstance(there, list):
        raise UserError(f"{model_repo}: its {where} is no list of results; its owners have to mend it first")
    return [entry for entry in there if _task(entry) not in ours]


def _task(entry: object) -> tuple[object, object]:
    dataset = entry.get("dataset") if isinstance(entry, dict) else None
    return (dataset.get("id"), dataset.get("task_id")) if isinstance(dataset, dict) else (None, None)


def check_repositories(model_repo: str, benchmark_repo: str) -> None:
    """Raises UserError unless the Hub has the model and the benchmark's dataset, and shows them."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    for option, kind, name, look in (
        ("--model-repo", "model", model_repo, HfApi().model_info),
        ("--benchmark-repo", "dataset", benchmark_repo, HfApi().dataset_info),
    ):
        try:
            look(name)
        except RepositoryNotFoundError:
            raise UserError(f"{option} {name}: the Hub has no such {kind}, or does not show it to you") from None
        except Exception as error:
            raise hub_failure(name, error) from None


def open_pull_request(model_repo: str, where: str, content: str, description: str) -> str:
    """Ask the model's owners to take the file; returns the pull request's address.

    Raises UserError where the Hub refuses or cannot be reached.
    """
    from huggingface_hub import CommitOperationAdd, HfApi

    try:
        commit = HfApi().create_commit(
            model_repo,
            [CommitOperationAdd(where, content.encode())],
            commit_message="Add XL-AlpacaEval results",
            commit_description=description,
            create_pr=True,
        )
    except Exception as error:
        raise hub_failure(model_repo, error) from None
    return str(commit.pr_url or commit.commit_url)
