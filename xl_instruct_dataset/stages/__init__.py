"""The stages of making XL-Instruct data: each a pure function from a record to a prompt, and from a reply to a record.

Every stage that asks a model has `messages` (the prompt), `read` (what a reply says; None for one that cannot be used) and
`sha` (the start of the hash of its prompt, for a row's provenance).
"""

PACKAGE = "xl_instruct_dataset"
"""Where the prompts of these stages are: `templates.load(NAME, PACKAGE)`."""
