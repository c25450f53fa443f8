"""The identifier of this project: a fastText classifier (`data/lid.bin`) read in batches; words."""
