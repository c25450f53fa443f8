"""XL-Instruct: cross-lingual instruction data, by language pair."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xl_instruct_dataset.builder import XLInstruct, XLInstructConfig

__all__ = ["XLInstruct", "XLInstructConfig"]


def __getattr__(name: str) -> object:
    """Loaded at first use: `datasets` takes a second, which `xl-instruct --help` shall not."""
    if name in __all__:
        from xl_instruct_dataset import builder

        return getattr(builder, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
