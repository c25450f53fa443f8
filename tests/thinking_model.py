"""A model on disk that writes a text known in advance, token by token, whatever it is asked.

Every token determines the next one, so that the last token of the prompt starts the text. Its
pieces are tokens of their own.
"""

from collections.abc import Sequence
from pathlib import Path

HEAD = "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}"
SWITCHED = (
    HEAD + "{% if add_generation_prompt %}{{ '<|im_start|>assistant' }}"
    "{% if enable_thinking is defined and enable_thinking is false %}{{ '<think>\n\n</think>' }}{% endif %}{% endif %}"
)
"""A template with a switch: without thinking, it writes an empty thought into the prompt."""
OPENED = HEAD + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n<think>' }}{% endif %}"
"""A template that opens the thought, so that the model writes its end alone."""


def make(
    folder: Path,
    text: Sequence[str],
    template: str,
    *,
    start: str,
    special: Sequence[str] = (),
    endless: bool = False,
    max_new_tokens: int | None = None,
) -> Path:
    """Write a model that answers `text`, a sequence of distinct pieces, to every prompt.

    `start` is the prompts' last token. The pieces in `special` are special tokens. After the last
    piece the model ends its turn, or with `endless` repeats that piece.
    """
    import torch
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    ends = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate([*ends, *letters])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    for piece in dict.fromkeys([*text, *((start,) if len(start) > 1 else ())]):
        add = tokenizer.add_special_tokens if piece in special else tokenizer.add_tokens
        add([AddedToken(piece, normalized=False, special=piece in special)])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="<|endoftext|>",
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|im_end|>",
        chat_template=template,
    )
    fast.save_pretrained(folder)
    size = 320
    assert len(fast) <= size
    config = LlamaConfig(
        vocab_size=size,
        hidden_size=size,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
        tie_word_embeddings=False,
    )
    model = LlamaForCausalLM(config)
    following = [fast.convert_tokens_to_ids(piece) for piece in text]
    chain = dict(zip([fast.encode(start, add_special_tokens=False)[-1], *following], [*following, 2], strict=True))
    if endless:
        chain[following[-1]] = following[-1]
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.fill_(1.0 if "norm" in name else 0.0)  # Layers add nothing to the embedding.
        model.model.embed_tokens.weight.copy_(torch.eye(size))
        for token in range(size):
            model.lm_head.weight[chain.get(token, 2), token] = 1.0
    model.generation_config.max_new_tokens = max_new_tokens
    model.save_pretrained(folder)
    return folder
