"""Near-duplicates among the texts of a job, found in steps that many tasks can share.

The texts of each shard are hashed (`signatures`); texts that share a band of hashes are found by
sorting, one band at a time (`shared_bands`); and one process goes through the texts in their order
(`earlier_texts`). It alone decides, so that the same rows come out whoever did the steps before.
"""
