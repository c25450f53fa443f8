"""What runs will take before there is anything: requests, tokens, money, GPU and people's hours."""
