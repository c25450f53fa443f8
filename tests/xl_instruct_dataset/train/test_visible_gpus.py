import os

import pytest

from xl_instruct_dataset.train.finetune import model


@pytest.mark.parametrize("before", [None, "0,1"])
def test_training_leaves_the_visible_gpus_as_they_were(monkeypatch: pytest.MonkeyPatch, before: str | None) -> None:
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    if before is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", before)
    with model.visible_gpus_kept():
        kind, unused = model.use_device(None)
        assert (kind, os.environ["CUDA_VISIBLE_DEVICES"]) == ("cuda", "0")
        assert "1 of 2 GPUs is used" in str(unused)
    assert os.environ.get("CUDA_VISIBLE_DEVICES") == before
