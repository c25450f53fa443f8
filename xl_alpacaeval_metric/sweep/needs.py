"""What a sweep needs: files, for `prefetch`, and tokens, for `plan`."""

from pathlib import Path

from xl_alpacaeval_metric.clients.base import Thinking
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge import rubric_file
from xl_alpacaeval_metric.judge_check import checking
from xl_alpacaeval_metric.models.backend_choice import AUTO
from xl_alpacaeval_metric.planning import rows
from xl_alpacaeval_metric.planning.named_judge import NamedJudges
from xl_alpacaeval_metric.planning.steps import Planned, PlannedModel
from xl_alpacaeval_metric.prefetch import needs
from xl_alpacaeval_metric.prefetch.needs import Loaded, Need
from xl_alpacaeval_metric.sweep.file import Sweep


def needs_of(sweep: Sweep) -> list[Need]:
    """Models, judges, benchmarks and references of all runs, each thing once.

    Raises UserError as `loaded`.
    """
    return needs.needs_of(
        models=loaded(sweep),
        judges=[(one.judge, one.args) for one in sweep.judges],
        benchmarks=[
            (one.benchmark, Path(one.benchmark_path) if one.benchmark_path else None, one.languages)
            for one in sweep.benchmarks
        ],
        references=[one.reference for one in sweep.benchmarks if one.reference],
    )


def loaded(sweep: Sweep) -> list[Loaded]:
    """The models that answer; raises UserError as `Loaded.check`, which names the model."""
    found = [
        Loaded(one.model, one.backend or AUTO, one.model_args, one.base, one.generation_kwargs) for one in sweep.models
    ]
    for one in found:
        try:
            one.check()
        except UserError as error:
            raise UserError(f"model {one.name}: {str(error).removeprefix(f'{one.name}: ')}") from None
    return found


def planned(sweep: Sweep) -> Planned:
    """The steps that a sweep takes; raises UserError as `planning.rows.planned` does."""
    judging, judges = sweep.judging, sweep.judges
    criteria = judging.criteria or judging.criteria_file
    models = loaded(sweep)
    return Planned(
        [
            PlannedModel(one.model, model.at_endpoint, one.max_tokens or 1024)
            for one, model in zip(sweep.models, models, strict=True)
        ],
        [
            rows.planned(
                one.benchmark,
                one.languages or None,
                limit=one.limit,
                path=Path(one.benchmark_path) if one.benchmark_path else None,
                exclusion=one.exclusion or "strict",
                reference=Path(one.reference) if one.reference else None,
            )
            for one in sweep.benchmarks
        ],
        NamedJudges(
            tuple(one.judge for one in judges),
            judging.both_orders,
            judging.judge_votes or 1,
            judging.judge_prompt,
            {one.judge: Thinking.of(one.thinking, one.thinking_tokens) for one in judges},
        ),
        rubric_file.load(Path(judging.criteria_file) if judging.criteria_file else None) if criteria else None,
        checked=checking.wanted(judging.judge_check),
    )
