"""Asking models inside the pipeline."""
