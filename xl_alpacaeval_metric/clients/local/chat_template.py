"""From chat messages to tokens, with a model's own tokenizer and chat template."""

from collections.abc import Mapping, Sequence
from typing import Any

from xl_alpacaeval_metric import thinking
from xl_alpacaeval_metric.clients.base import Message
from xl_alpacaeval_metric.thinking import Marks

TOKENIZER_BATCH = 256
"""Prompts tokenised in one call: the tokenizer's threads share them, and while it works it holds
far more memory for each than its tokens take."""


def encode(
    chats: Sequence[Sequence[Message]], tokenizer: Any, switches: Mapping[str, object] | None = None
) -> list[list[int]]:
    """The token ids of each chat, up to the beginning of the model's reply.

    Special tokens inside the messages are broken up. Without a chat template the messages are
    joined as text. `switches` are variables of the chat template.
    """
    texts = [text_of(break_special_tokens(chat, tokenizer), tokenizer, switches or {}) for chat in chats]
    # A chat template writes the tokens at the beginning of a text itself.
    add_special_tokens = tokenizer.chat_template is None
    return [
        list(ids)
        for start in range(0, len(texts), TOKENIZER_BATCH)
        for ids in tokenizer(texts[start : start + TOKENIZER_BATCH], add_special_tokens=add_special_tokens)["input_ids"]
    ]


def thought_marks(tokenizer: Any) -> list[Marks]:
    """The marks of thoughts in a tokenizer's chat template and special tokens."""
    tokens = [str(token.content) for token in tokenizer.added_tokens_decoder.values()]
    return thinking.marks_of_template("\n".join([template_of(tokenizer), *tokens]))


def template_of(tokenizer: Any) -> str:
    """A tokenizer's chat template, or all of them; "" for none."""
    template = getattr(tokenizer, "chat_template", None) or ""
    return "\n".join(map(str, template.values())) if isinstance(template, Mapping) else str(template)


def text_of(chat: Sequence[Message], tokenizer: Any, switches: Mapping[str, object]) -> str:
    """A chat as text, up to the beginning of the model's reply."""
    from jinja2 import TemplateError

    joined = "\n\n".join(message["content"] for message in chat)
    if tokenizer.chat_template is None:
        return f"{joined}\n\nReply:"
    try:
        return str(tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True, **switches))
    except TemplateError:
        # Some templates (Gemma's) refuse a system message.
        user = [{"role": "user", "content": joined}]
        return str(tokenizer.apply_chat_template(user, tokenize=False, add_generation_prompt=True, **switches))


def break_special_tokens(chat: Sequence[Message], tokenizer: Any) -> list[dict[str, str]]:
    """The chat with the tokenizer's special tokens in its contents broken up.

    A zero-width space goes after the first character of each, so that a text in the chat can
    neither end its turn nor begin another. A lone surrogate, which tokenizers refuse, becomes
    U+FFFD.
    """
    special = [token.content for token in tokenizer.added_tokens_decoder.values() if token.special]
    broken = []
    for message in chat:
        content = message["content"].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        for token in special:
            if len(token) > 1:
                content = content.replace(token, f"{token[0]}\u200b{token[1:]}")
        broken.append({**message, "content": content})
    return broken


def spellings(choice: str, tokenizer: Any) -> list[int]:
    """The ids of the single tokens that spell the choice, with and without a leading space.

    Where no single token does, the first token of the choice.
    """
    forms = [tokenizer.encode(form, add_special_tokens=False) for form in (choice, f" {choice}")]
    return sorted({ids[0] for ids in forms if len(ids) == 1}) or [forms[0][0]]
