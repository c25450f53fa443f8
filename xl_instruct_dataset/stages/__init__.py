"""The stages of making XL-Instruct data, as pure functions.

A stage that asks a model has `messages`, which makes the prompt from a record, and `read`, which
makes a record from the reply, or None where the reply cannot be used.
"""

PACKAGE = "xl_instruct_dataset"
"""The package that holds the prompts of these stages: `templates.load(NAME, PACKAGE)`."""
