"""How a model writes its answers, held against what its backend takes before it is loaded."""

from collections.abc import Mapping
from difflib import get_close_matches

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.models import signatures
from xl_alpacaeval_metric.models.arguments import ENDPOINTS
from xl_alpacaeval_metric.models.backend_choice import AUTO
from xl_alpacaeval_metric.models.placement import HF, VLLM

OPTION = "--generation-kwargs"
_LENGTHS = ("max_gen_toks", "max_tokens", "max_new_tokens", "max_completion_tokens", "max_length")
"""The first two are the harness's own, of every backend."""
_SAMPLED = ("temperature", "top_p", "top_k", "min_p", "typical_p")
"""What changes nothing where the likeliest token is taken."""
_HARNESS = ("do_sample", "temperature", "until")
_BOOLEANS = ("do_sample", "use_cache", "renormalize_logits", "ignore_eos", "include_stop_str_in_output")
_WHOLE: Mapping[str, int | None] = {
    "top_k": -1,
    "seed": None,
    "num_beams": 1,
    "no_repeat_ngram_size": 0,
    "min_new_tokens": 0,
    "min_tokens": 0,
}
"""Whole numbers, and the least of each."""
_NUMBERS: Mapping[str, tuple[float, float]] = {
    "temperature": (0, 100),
    "top_p": (0, 1),
    "min_p": (0, 1),
    "typical_p": (0, 1),
    "repetition_penalty": (0.001, 100),
    "length_penalty": (-100, 100),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
}
"""Numbers, and between what they lie, as OpenAI, vLLM and transformers document it."""
_ENGINES = {
    **dict.fromkeys(VLLM, "vllm.sampling_params"),
    "sglang": "sglang.srt.sampling.sampling_params",
}
_OF_VLLM = (
    *("seed", "presence_penalty", "frequency_penalty", "min_tokens", "ignore_eos", "stop", "stop_token_ids"),
    *("bad_words", "logit_bias", "allowed_token_ids", "include_stop_str_in_output", "n"),
)
"""Names that vLLM has and transformers has not, where vLLM is not installed."""
_ONE_ANSWER = ("n", "best_of", "num_return_sequences")


def check(backend: str, given: Mapping[str, object]) -> None:
    """Raises UserError for a setting that the backend does not know, or of another type.

    And for one that would change nothing: sampling without do_sample=true, where the harness asks
    for it. The names are those of GenerationConfig or SamplingParams, read in the source of
    transformers, vLLM or SGLang; a server takes its own. While the backend is not chosen yet, what
    transformers or vLLM takes is right.
    """
    known = _known(backend)
    for name, value in given.items():
        if name in (_LENGTHS[:2] if backend in ENDPOINTS else _LENGTHS):
            raise UserError(f"{OPTION} {name}: --max-tokens says that here; leave {name} out")
        if known and name not in known:
            close = get_close_matches(name, known, 1)
            some = ", ".join(
                (*_HARNESS[:2], *(one for one in ("top_p", "top_k", "repetition_penalty") if one in known))
            )
            instead = f"did you mean {close[0]}?" if close else f"there are {some} and others"
            taker = "hf and vllm" if backend == AUTO else f"--backend {backend}"
            raise UserError(f"{OPTION} {name} is unknown to {taker}; {instead}")
        if need := _needed(name, value, backend):
            raise UserError(f"{OPTION} {name}={str(value)[:40]}: need {need}")
    if backend in HF | VLLM:
        _check_sampled(given)


def _check_sampled(given: Mapping[str, object]) -> None:
    neutral = {"temperature": (0,)}
    idle = [name for name in _SAMPLED if name in given and given[name] not in neutral.get(name, (0, 1))]
    if given.get("do_sample") is not True and idle:
        raise UserError(f"{OPTION} {idle[0]}={given[idle[0]]} changes nothing without do_sample=true; give both")
    if given.get("do_sample") is True and not given.get("temperature"):
        raise UserError(f"{OPTION} do_sample=true needs a temperature above 0, such as temperature=0.7; give both")


def _known(backend: str) -> frozenset[str]:
    """The names that a backend takes; empty where they are not known."""
    if backend == AUTO:
        own = _known("hf")
        return own | (_known("vllm") or frozenset(_OF_VLLM)) if own else own
    found: Mapping[str, str] = {}
    if backend in HF:
        found = {
            **signatures.of_keywords("transformers.generation.configuration_utils", "__init__"),
            **signatures.of_keywords("transformers.generation.utils", "generate"),
        }
    elif module := _ENGINES.get(backend):  # Fields or parameters, by the engine's version.
        found = {**signatures.of_fields(module, "SamplingParams"), **signatures.of_class(module, "SamplingParams")}
    names = (name for name in found if not name.startswith("_"))
    return frozenset((*names, *_HARNESS)) if found else frozenset()


def _needed(name: str, value: object, backend: str) -> str:
    """What a value should be; "" where nothing is wrong with it, or nothing is known of it."""
    if name in _BOOLEANS:
        return "" if isinstance(value, bool) else "true or false"
    if name in _ONE_ANSWER:
        return "" if value == 1 and not isinstance(value, bool) else "1: each prompt is answered once"
    if isinstance(value, bool):
        return "" if name not in (*_WHOLE, *_NUMBERS) else "a number"
    if name in _WHOLE:
        least = 0 if backend in HF and name == "top_k" else _WHOLE[name]
        good = isinstance(value, int) and (least is None or value >= least)
        return "" if good else "a whole number" + ("" if least is None else f" from {least}")
    if name in _NUMBERS:
        low, high = _NUMBERS[name]
        return "" if isinstance(value, int | float) and low <= value <= high else f"a number from {low} to {high}"
    return ""
