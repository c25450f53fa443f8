"""Ranking: all pairs of many models, rank sets, significance groups, Bradley-Terry strengths."""
