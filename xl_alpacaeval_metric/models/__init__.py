"""What is known of a model before it is loaded: its files, its arguments, the GPUs it needs."""
