"""The judge check: a judge is asked about pairs whose right verdict is known by construction."""
