"""Fine-tuning on XL-Instruct, and the loop that shows what it did: data, training, evaluation before and after."""
