"""`python -m xl_alpacaeval_metric` is `xl-alpacaeval`."""

from xl_alpacaeval_metric.cli import main

if __name__ == "__main__":
    main()
