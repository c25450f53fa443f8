"""How models of lm-evaluation-harness generate: the end of an answer, and when it is reported."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any


def end_by_token(lm: Any) -> None:
    """Have a transformers model end its answers by the token for it.

    The harness passes its text as a stop sequence, for which it decodes the end of every answer
    after each token. Other stop sequences stay what they are.
    """
    generate = getattr(type(lm), "_model_generate", None)
    if generate is None or generate.__module__ != "lm_eval.models.huggingface":
        return
    own: Any = getattr(getattr(lm.model, "generation_config", None), "eos_token_id", None)
    end = [own] if isinstance(own, int) else list(own or ())
    end = list(dict.fromkeys([*end, lm.eot_token_id]))
    texts = {lm.tok_decode(token, skip_special_tokens=False) for token in end}
    lm._model_generate = partial(_generate, lm._model_generate, end, texts)


def _generate(
    generate: Callable[..., Any], end: Sequence[int], texts: set[str], *, stop: Sequence[str], **settings: Any
) -> Any:
    return generate(stop=[text for text in stop if text not in texts], **{"eos_token_id": list(end), **settings})


def reports_each(lm: Any, prompts: Sequence[Any], until: Sequence[str] = ()) -> bool:
    """Whether the model calls the harness's cache hook for each prompt once it is answered.

    Models of transformers and endpoints do. vLLM does so at the end of a call, but here its engine
    is made to, with the text cut at `until` as the harness does. With other models, and with
    several engines, a caller that is killed loses what it has passed in one call.
    """
    if any(base.__name__ in ("HFLM", "TemplateAPI") for base in type(lm).__mro__):
        return True
    engine: Any = getattr(getattr(lm, "model", None), "llm_engine", None)
    if not callable(getattr(engine, "step", None)) or getattr(lm, "data_parallel_size", 1) > 1:
        return False
    from lm_eval.models.utils import postprocess_generated_text

    texts = [str(prompt) for prompt in prompts]
    by_tokens = dict(zip(map(tuple, lm.tok_encode(texts)), texts, strict=True))
    stop = [*until, lm.tokenizer.decode(lm.eot_token_id)]
    step = engine.step

    def reporting_step() -> Any:
        outputs = step()
        for output in outputs:
            prompt = by_tokens.get(tuple(output.prompt_token_ids or ())) if output.finished else None
            if prompt is not None:
                text = postprocess_generated_text(output.outputs[0].text, stop, None)
                lm.cache_hook.add_partial("generate_until", (prompt,), text)
        return outputs

    engine.step = reporting_step
    return True
