"""XL-Instruct: cross-lingual instruction data, by language pair."""

from typing import TYPE_CHECKING

from xl_alpacaeval_metric import __version__

if TYPE_CHECKING:
    from xl_instruct_dataset.builder import XLInstruct, XLInstructConfig

__all__ = ["XLInstruct", "XLInstructConfig", "__version__"]


def __getattr__(name: str) -> object:
    """Load the builder at first use: importing `datasets` takes a second."""
    if name in ("XLInstruct", "XLInstructConfig"):
        from xl_instruct_dataset import builder

        return getattr(builder, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
