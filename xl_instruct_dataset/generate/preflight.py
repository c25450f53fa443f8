"""What is checked before the first request is paid for."""

from importlib.util import find_spec

from xl_alpacaeval_metric.clients.openai.protocol import Capabilities
from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.generate.config.models import Model
from xl_instruct_dataset.generate.inference import comet
from xl_instruct_dataset.generate.job import Job


def preflight(job: Job) -> dict[Model, Capabilities | None]:
    """Send each endpoint one small request, and return what it is capable of.

    Raises ModelUnavailable in one line, and UserError where CometKiwi does not load or a backend is
    not installed.
    """
    settings = job.settings
    if settings.select == "cometkiwi":
        scorer = comet.process_scorer(settings.comet_python, settings.comet_model)
        scorer.start()
        if settings.executor != "local" or settings.workers > 1:
            scorer.close()  # Each worker loads its own.
    capabilities: dict[Model, Capabilities | None] = {}
    for model in _models(job):
        if not model.served and settings.executor == "local" and find_spec(model.backend) is None:
            raise UserError(
                f"{model.spec}: {model.backend} is not installed; install it, or give an endpoint as openai/MODEL"
            )
        if not model.served:
            continue
        client = model.client(1, settings.timeout)
        try:
            client.preflight()
            capabilities[model] = client.capabilities
        finally:
            client.close()
    return capabilities


def _models(job: Job) -> list[Model]:
    """The models that are asked, each once."""
    settings = job.settings
    models = [job.model("teacher")]
    if settings.scored:
        models.append(job.model("judge"))
    if job.translated_targets:
        models += [job.model("translator", number) for number in range(len(settings.translator_models))]
    return list(dict.fromkeys(models))
