"""Near-duplicates among texts that come one after another, in memory that hardly grows."""

import sqlite3
import tempfile
from types import TracebackType
from typing import Self

import numpy as np

from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.quality import minhash
from xl_instruct_dataset.quality.band_index import BandIndex
from xl_instruct_dataset.quality.minhash import BANDS, Signature


class NearDuplicates:
    """Finds texts that nearly repeat an earlier one, by their `minhash` signatures.

    Signatures and their bands lie in temporary files, removed by `close`. The same texts in the
    same order give the same answers.
    """

    def __init__(self) -> None:
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
        repetition. Raises UserError where the disk for temporary files is full, and MissingExtra
        without datasketch.
        """
        ours = minhash.signature(text)
        return None if ours is None else self.seen_signature(id, ours)

    def seen_signature(self, id: str, ours: Signature) -> str | None:
        """As `seen`, for a text of this signature."""
        try:
            return self._looked_up(id, ours)
        except (OSError, sqlite3.OperationalError) as error:  # Reading, too, makes SQLite write pages.
            raise UserError(
                f"{tempfile.tempdir or 'TMPDIR'}: a temporary file cannot be written ({error}); "
                "set TMPDIR to a folder with room"
            ) from None

    def _looked_up(self, id: str, ours: Signature) -> str | None:
        whole = ours.tobytes()
        width = len(whole) // BANDS
        # Of 64 bits: two bands that share one by chance cost a comparison.
        bands = [hash((place, whole[place * width : (place + 1) * width])) for place in range(BANDS)]
        for number in self._bands.numbers(bands):
            earlier, kept = self._store.execute("SELECT id, signature FROM text WHERE number = ?", (number,)).fetchone()
            if minhash.repeats(np.frombuffer(kept, np.uint32), ours):
                return None if earlier == id else str(earlier)
        number = self._store.execute("INSERT INTO text (id, signature) VALUES (?, ?)", (id, whole)).lastrowid or 0
        self._bands.add(bands, number)
        return None
