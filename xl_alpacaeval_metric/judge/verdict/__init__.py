"""From a judge's reply to the probability of A: log-probabilities, or what the text concludes."""
