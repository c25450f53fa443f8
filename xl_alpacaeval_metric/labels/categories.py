"""The categories of preferences that agreement is counted in."""

CATEGORIES = ("win", "tie", "loss")


def category(preference: float) -> str:
    """`win` (of the candidate), `tie` or `loss`."""
    return "win" if preference > 0.5 else "loss" if preference < 0.5 else "tie"
