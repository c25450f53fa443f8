"""The training data as a Hub folder: built, described, pushed."""
