"""Chat messages to tokens, by a model's own tokenizer and chat template."""

from collections.abc import Sequence
from typing import Any

from xl_alpacaeval_metric.clients.base import Message

# Prompts tokenised in one call: the tokenizer's threads share them, and it keeps far more of each than its tokens.
AT_ONCE = 256


def encode(chats: Sequence[Sequence[Message]], tokenizer: Any) -> list[list[int]]:
    """The tokens of each chat, up to where the model's reply begins."""
    texts = [_text([{**m, "content": plain(m["content"], tokenizer)} for m in chat], tokenizer) for chat in chats]
    # A chat template writes the tokens that begin a text itself.
    bare = tokenizer.chat_template is None
    return [
        list(ids)
        for start in range(0, len(texts), AT_ONCE)
        for ids in tokenizer(texts[start : start + AT_ONCE], add_special_tokens=bare)["input_ids"]
    ]


def _text(chat: Sequence[Message], tokenizer: Any) -> str:
    from jinja2 import TemplateError

    whole = "\n\n".join(message["content"] for message in chat)
    if tokenizer.chat_template is None:
        return f"{whole}\n\nReply:"
    try:
        return str(tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True))
    except TemplateError:
        # Some templates (Gemma's) have no place for a system message.
        user = [{"role": "user", "content": whole}]
        return str(tokenizer.apply_chat_template(user, tokenize=False, add_generation_prompt=True))


def plain(text: str, tokenizer: Any) -> str:
    """The text with the tokenizer's special tokens broken up, so that an answer cannot end its turn or open another.

    A lone surrogate, which tokenizers refuse, becomes U+FFFD.
    """
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    for token in tokenizer.added_tokens_decoder.values():
        if token.special and len(token.content) > 1:
            text = text.replace(token.content, f"{token.content[0]}\u200b{token.content[1:]}")
    return text


def spellings(choice: str, tokenizer: Any) -> list[int]:
    """The single tokens that spell the choice, with and without a space before it; its first token if none does."""
    forms = [tokenizer.encode(form, add_special_tokens=False) for form in (choice, f" {choice}")]
    return sorted({ids[0] for ids in forms if len(ids) == 1}) or [forms[0][0]]
