"""Near-duplicates among many texts, in memory that does not grow with their number."""

import sqlite3
import tempfile
import zlib
from functools import cache
from types import TracebackType
from typing import Any, Self

from xl_alpacaeval_metric.errors import MissingExtra, UserError
from xl_alpacaeval_metric.languages import words
from xl_instruct_dataset.quality.band_index import BandIndex

THRESHOLD = 0.8
SHINGLE = 5
"""Words in a shingle; in scripts without spaces as many characters as make that many words."""
KEPT = 4096
"""Signatures that are kept ahead of their use, at most."""
BANDS, ROWS = 20, 6
"""Two texts are compared when one of 20 bands of 6 hashes agrees.

That are 99.8% of the pairs at the threshold, and 6% at a similarity of 0.4.
"""


class SignatureCache:
    """Signatures computed ahead of time, of the last KEPT texts; one that is taken is gone."""

    def __init__(self) -> None:
        self._signatures: dict[str, bytes] = {}

    def prepare(self, text: str) -> None:
        """Compute what `NearDuplicates.seen` needs of a text, at a time when it costs nothing."""
        if text not in self._signatures:
            self._signatures[text] = _signature(text)
        if len(self._signatures) > KEPT:
            self._signatures.pop(next(iter(self._signatures)))

    def take(self, text: str) -> bytes:
        """The signature of a text, computed now unless it was prepared."""
        found = self._signatures.pop(text, None)
        return _signature(text) if found is None else found


class NearDuplicates:
    """Finds texts whose shingles agree to at least `threshold`.

    The measure is Jaccard's, estimated by MinHash (Broder 1997). Signatures and their bands lie in
    temporary files, removed by `close`. The same texts in the same order give the same answers.
    `signatures` are those computed ahead of time. Raises MissingExtra without datasketch.
    """

    def __init__(self, threshold: float = THRESHOLD, signatures: SignatureCache | None = None) -> None:
        _empty()
        self.threshold = threshold
        self._signatures = signatures or SignatureCache()
        # A file without a name, which ends with the process, even a killed one. It is used by one
        # thread at a time, not always the same.
        self._bands = BandIndex()
        self._store = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._store.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -8000; PRAGMA temp_store = FILE;"
            "CREATE TABLE text (number INTEGER PRIMARY KEY, id TEXT, signature BLOB);"
            "BEGIN;"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the files; the object is of no use afterwards."""
        self._bands.close()
        self._store.close()

    def seen(self, id: str, text: str) -> str | None:
        """The id of the first earlier text that this one nearly repeats, or None, and adds it then.

        A text without any word repeats nothing, and a text given again under its own id is no
        repetition. Raises UserError where the disk for temporary files is full.
        """
        whole = self._signatures.take(text)
        if not whole:
            return None
        try:
            return self._looked_up(id, whole)
        except (OSError, sqlite3.OperationalError) as error:  # Reading, too, makes SQLite write pages.
            raise UserError(
                f"{tempfile.tempdir or 'TMPDIR'}: a temporary file cannot be written ({error}); "
                "set TMPDIR to a folder with room"
            ) from None

    def _looked_up(self, id: str, whole: bytes) -> str | None:
        """As `seen`, for a text of this signature."""
        import numpy as np

        ours = np.frombuffer(whole, np.uint32)
        width = len(whole) // BANDS
        # Of 64 bits: two bands that share one by chance cost a comparison.
        bands = [hash((place, whole[place * width : (place + 1) * width])) for place in range(BANDS)]
        for number in self._bands.numbers(bands):
            earlier, kept = self._store.execute("SELECT id, signature FROM text WHERE number = ?", (number,)).fetchone()
            if np.mean(np.frombuffer(kept, np.uint32) == ours) >= self.threshold:
                return None if earlier == id else str(earlier)
        number = self._store.execute("INSERT INTO text (id, signature) VALUES (?, ?)", (id, whole)).lastrowid or 0
        self._bands.add(bands, number)
        return None


def _signature(text: str) -> bytes:
    """The MinHash of the shingles; empty for a text without any word."""
    import numpy as np

    shingles = _shingles(text)
    if not shingles:
        return b""
    sketch = _empty().copy()
    sketch.update_batch(shingles)
    return bytes(sketch.hashvalues.astype(np.uint32).tobytes())  # datasketch's hashes have 32 bits.


@cache
def _empty() -> Any:
    """The MinHash of no shingle, made once: drawing its permutations takes longest.

    CRC-32 spreads as well as SHA-1 here, and is faster.
    """
    try:
        import datasketch
    except ModuleNotFoundError:
        raise MissingExtra("datasketch", "generate") from None
    return datasketch.MinHash(num_perm=BANDS * ROWS, seed=1, hashfunc=zlib.crc32)


def _shingles(text: str) -> set[bytes]:
    tokens = words.tokens(text)
    length = SHINGLE if words.are_words(tokens) else SHINGLE * words.CHARACTERS_PER_WORD
    runs = zip(*(tokens[skip:] for skip in range(min(length, len(tokens)))), strict=False)
    return {" ".join(run).encode("utf-8", "replace") for run in runs}
