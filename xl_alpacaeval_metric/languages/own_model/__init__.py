"""The identifier of this project: a fastText classifier (`data/lid.bin`), and words that tell."""

VARIETIES, TOGETHER = ("bs", "hr", "sr-Latn"), "hbs"
"""Languages that have one label of the classifier, told apart by `varieties`; and that label."""
