"""The machine that a command runs on: its GPUs, its hardware, the versions of its libraries."""
