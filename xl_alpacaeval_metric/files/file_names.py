"""Names of files that every file system takes."""

import unicodedata


def plain(text: str, most: int = 200) -> str:
    """A name for a file, of a text's letters with their marks, its digits, '.', '_' and '-'.

    Other characters become '-'. It is normalised (NFC) and has at most `most` characters, and half
    as many bytes more, since a file's name may take 255 bytes with what is put around it.
    """
    composed = unicodedata.normalize("NFC", text)
    name = "".join(c if c in "._-" or unicodedata.category(c)[0] in "LMN" else "-" for c in composed)[:most]
    return name.encode()[: most * 3 // 2].decode(errors="ignore")


def comparable(name: str) -> str:
    """Equal for names that some file systems do not tell apart: by case, or by form."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
