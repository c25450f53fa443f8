"""Fixtures that several test files share, and the order of the files."""

import os
import signal
from collections import Counter
from pathlib import Path

import hypothesis
import pytest

# The same examples in each run; HYPOTHESIS_PROFILE=search draws others, and more of them.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.register_profile("search", max_examples=2000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

TEMPLATE = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


MODELS = {"smollm2", "tiny"}
"""Fixtures that are models on disk."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that load a model as slow; skip tests marked gpu without a CUDA device.

    Files with the most slow tests come first: the workers take whole files, and one that begins a
    long file last has the others wait for it.
    """
    for item in items:
        if MODELS & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])
    needing = [item for item in items if item.get_closest_marker("gpu")]
    if needing and not _has_cuda():
        for item in needing:
            item.add_marker(pytest.mark.skip(reason="needs a CUDA device"))


def _has_cuda() -> bool:
    if not Path("/dev/nvidiactl").exists():  # Cheaper than the import of torch.
        return False
    import torch

    return bool(torch.cuda.is_available())


NO_CHECK = {"XL_JUDGE_CHECK": "0", "XL_CHECK_CACHE": "none"}
"""Tests of the judge check turn it on; the others count the requests of something else."""
os.environ.update(NO_CHECK)  # For fixtures of a module or a session, which begin before any test.
os.environ.setdefault("OMP_NUM_THREADS", "1")  # The workers share the cores: threads that wait for each other spin.


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XL_JUDGE", "XL_REFERENCE", "XL_BENCHMARK_PATH", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in NO_CHECK.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(autouse=True, scope="session")
def ctrl_c_interrupts() -> None:
    """Handle SIGINT, which a shell has its background processes and all their children ignore."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def hangups_reach_commands() -> None:
    """Under nohup SIGHUP is ignored, also in the commands that tests start; a handler is not
    inherited.
    """
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda number, frame: None)


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """SmolLM2-135M-Instruct as a model folder: the real model the demo uses."""
    from xl_alpacaeval_metric import embedded

    return embedded.model_folder()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A two-layer Llama with random weights, a byte tokenizer and a window of 512 tokens."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.set_num_threads(1)  # More threads are slower on so small a model.
    folder = tmp_path_factory.mktemp("models") / "tiny"
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate([*special, *letters])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="<|endoftext|>",
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|im_end|>",
        chat_template=TEMPLATE,
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=512,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder
