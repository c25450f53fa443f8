from pathlib import Path

import numpy as np
import pytest

from xl_alpacaeval_metric.models import files, headers

gguf = pytest.importorskip("gguf")


def test_the_types_are_those_of_the_package_gguf() -> None:
    assert {int(kind): size for kind, size in gguf.GGML_QUANT_SIZES.items()}.items() <= headers.GGUF_TYPES.items()


def test_a_file_of_gguf_that_ends_too_early_is_found_wherever_it_ends(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_custom_alignment(64)
    writer.add_token_list(["a", "bc", "ä"])
    writer.add_token_scores([0.5, 1.5, 2.5])
    writer.add_float32("x.scale", 0.5)
    writer.add_tensor("small", np.ones((3, 5), np.float32))
    packed = np.zeros((2, 18), np.uint8)
    writer.add_tensor("packed", packed, raw_dtype=gguf.GGMLQuantizationType.Q4_0)
    for write in (writer.write_header_to_file, writer.write_kv_data_to_file, writer.write_tensors_to_file):
        write()
    writer.close()
    last = gguf.GGUFReader(file).tensors[-1]
    whole = file.read_bytes()[: last.data_offset + last.n_bytes]  # Less the padding at its end.
    file.write_bytes(whole)

    assert files.broken(file) == []
    for length in range(1, len(whole)):
        file.write_bytes(whole[:length])
        assert files.broken(file) == ([] if length < 4 else ["is cut short"]), length


def test_what_is_no_gguf_is_left_to_loading(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"PK\x03\x04 and more")
    assert files.broken(file) == []
