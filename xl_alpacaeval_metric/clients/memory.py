"""When a model does not fit the memory of its device."""

SIGNS = ("out of memory", "can't allocate memory", "ALLOC_FAILED")
"""How CUDA's libraries, MPS and the CPU's allocator say it where torch has no exception of its own for it."""


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether memory was what the work on a device failed for."""
    import torch

    return isinstance(error, torch.cuda.OutOfMemoryError) or any(sign in str(error) for sign in SIGNS)


def free() -> None:
    """Give back what torch keeps of the GPU's memory for later."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
