"""A small model folder written as one .gguf file, as converters write it."""

from pathlib import Path
from typing import Any

NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
NORMAL, CONTROL = 1, 3
"""Types of tokens."""


def write(folder: Path, file: Path) -> Path:
    """Write the Llama in `folder`, whose tokens are never merged, to `file`; returns `file`.

    SmolLM2's own file takes 20 seconds to read, most of them for its 49,152 tokens.
    """
    from gguf import GGUFWriter
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    config, special = model.config, set(tokenizer.all_special_tokens)
    tokens = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    to = GGUFWriter(file, "llama")
    to.add_name("small")
    to.add_block_count(config.num_hidden_layers)
    to.add_context_length(config.max_position_embeddings)
    to.add_embedding_length(config.hidden_size)
    to.add_feed_forward_length(config.intermediate_size)
    to.add_head_count(config.num_attention_heads)
    to.add_head_count_kv(config.num_key_value_heads)
    to.add_rope_freq_base(config.rope_parameters["rope_theta"])
    to.add_layer_norm_rms_eps(config.rms_norm_eps)
    to.add_vocab_size(config.vocab_size)
    to.add_tokenizer_model("gpt2")
    to.add_token_list(tokens)
    to.add_token_types([CONTROL if token in special else NORMAL for token in tokens])
    to.add_token_scores([0.0] * len(tokens))  # In place of merges, an empty list of which cannot be stored.
    to.add_bos_token_id(config.bos_token_id)
    to.add_eos_token_id(config.eos_token_id)
    to.add_pad_token_id(config.pad_token_id)
    to.add_chat_template(tokenizer.chat_template)
    for name, weight in model.state_dict().items():
        layer, _, of_layer = name.removeprefix("model.layers.").partition(".")
        block = f"blk.{layer}." if layer.isdigit() else ""
        to.add_tensor(
            f"{block}{NAMES[(of_layer if block else name).removesuffix('.weight')]}.weight",
            _as_stored(weight.numpy(), name, config.num_attention_heads, config.num_key_value_heads),
        )
    to.write_header_to_file()
    to.write_kv_data_to_file()
    to.write_tensors_to_file()
    to.close()
    return file


def _as_stored(weight: Any, name: str, heads: int, key_heads: int) -> Any:
    """The two halves of each head alternate in GGUF."""
    if not name.endswith(("q_proj.weight", "k_proj.weight")):
        return weight
    count = heads if "q_proj" in name else key_heads
    rows, columns = weight.shape
    return weight.reshape(count, 2, rows // count // 2, columns).swapaxes(1, 2).reshape(rows, columns)
