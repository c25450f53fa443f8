"""The harness's models behind endpoints: their requests, refused prompts, how they think."""
