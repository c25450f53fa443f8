"""XL-Instruct data for any language: English passages in, a Hub folder out, on datatrove."""
