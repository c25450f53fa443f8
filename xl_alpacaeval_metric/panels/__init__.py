"""Panels: several judges on the same items, how they agree, and whose family they are of."""
