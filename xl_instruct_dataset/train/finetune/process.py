"""What a fine-tuning sets for its whole process; the commands call it, nothing does at import."""

import logging
import os


def quiet_libraries() -> None:
    """Have the libraries report what went wrong, and nothing else.

    Raises MissingExtra where the extra `train` is not installed.
    """
    from xl_instruct_dataset.train.finetune import model

    model.check_installed()
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    import warnings

    import transformers

    warnings.filterwarnings("ignore", category=FutureWarning)  # They are for the libraries' developers.
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    logging.getLogger("trl").setLevel(logging.WARNING)


def keep_memory() -> None:
    """Have the C library keep freed memory for the next step.

    Giving gigabytes back and asking for them again halves the speed on a CPU. Without effect where
    the C library is not glibc.
    """
    import ctypes

    trim_threshold, top_pad, mmap_max = -1, -2, -4  # mallopt(3)
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(mmap_max, 0)
    mallopt(trim_threshold, 2**31 - 1)
    mallopt(top_pad, 2**28)


def is_first() -> bool:
    """Whether this is the only process of the training, or the one of several that writes."""
    return os.environ.get("RANK", "0") == "0"
