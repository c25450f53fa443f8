"""Which client BACKEND/MODEL gives, and what is said of a specification that gives none."""

from contextlib import closing

import pytest

from xl_alpacaeval_metric.clients import BACKENDS, client_for
from xl_alpacaeval_metric.errors import UserError

ENDPOINT = "http://localhost:1/v1"


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_client_says_the_specification_that_it_was_built_from(backend: str) -> None:
    client = client_for(f"{backend}/org/model", base_url=ENDPOINT if backend == "openai" else None)
    assert client is not None
    with closing(client):
        assert client.spec == f"{backend}/org/model"


def test_none_is_no_client() -> None:
    assert client_for("none") is None


@pytest.mark.parametrize(
    ("spec", "args", "message"),
    [
        ("hf/x", {"dtype": "bfloat16", "cores": 2}, "judge argument 'cores' is unknown for hf/; it takes dtype"),
        ("hf/x", {"batch_tokens": 0}, "judge argument batch_tokens=0: need a number from 1"),
        ("openai/x", {"timeout": "soon"}, "judge argument timeout='soon' is no float"),
        ("openai/x", {"timeout": "nan"}, "judge argument timeout='nan': need a number from 0.1"),
        ("vllm/x", ["dtype"], "judge arguments are list; need a mapping"),
        ("hf", {}, "judge 'hf' is not of the form BACKEND/MODEL; .*, or none$"),
        ("openai/http://me:pw@host/v1", {}, "^judge BACKEND/MODEL holds a secret"),
        ("tf/x", {}, "unknown judge backend 'tf' in 'tf/x'; there are openai, hf, vllm, sglang and none"),
    ],
)
def test_a_bad_specification_is_one_line(spec: str, args: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        client_for(spec, args=args, base_url=ENDPOINT if spec.startswith("openai") else None)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("gpt-4o", "^translator 'gpt-4o' is not of the form BACKEND/MODEL; .*, vllm/ORG/MODEL$"),
        ("tf/x", "^unknown translator backend 'tf' in 'tf/x'; there are openai, hf, vllm, sglang$"),
        ("hf/x", "^a translator's base URL goes with openai/MODEL, not with 'hf/x'$"),
    ],
)
def test_a_message_names_the_role_of_the_model(spec: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        client_for(spec, role="translator", base_url=ENDPOINT if spec == "hf/x" else None)
