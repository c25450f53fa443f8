"""Models of the Hub or a folder, run in this process with transformers."""
