"""Fine-tuning on XL-Instruct, and the loop that evaluates a model before and after it."""
