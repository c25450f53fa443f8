import random

import pytest

from xl_instruct_dataset.quality import band_index
from xl_instruct_dataset.quality.band_index import BandIndex


@pytest.mark.parametrize(("recent", "slice_size"), [(1, 4), (3, 7), (5, 1000)])
def test_the_texts_of_a_hash_are_those_of_a_dictionary(
    recent: int, slice_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(band_index, "RECENT", recent)
    monkeypatch.setattr(band_index, "SLICE", slice_size)
    draw = random.Random(recent)
    ends = [-(2**63), 2**63 - 1, 0, -1]
    hashes = [*ends, *(draw.randint(-(2**63), 2**63 - 1) for _ in range(40))]
    index, plain = BandIndex(), dict[int, set[int]]()
    for number in range(1, 400):
        asked = draw.choices(hashes, k=6)
        assert index.numbers(asked) == sorted({one for key in asked for one in plain.get(key, ())})
        index.add(asked, number)
        for key in asked:
            plain.setdefault(key, set()).add(number)
    assert len(index._runs) < 8
    index.close()
