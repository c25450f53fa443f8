"""The Hugging Face Hub: downloads, and folders that it and `datasets` read."""
