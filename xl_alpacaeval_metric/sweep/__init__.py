"""A sweep: models x benchmarks x languages, judged, on one machine or on many."""
