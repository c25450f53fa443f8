"""`python -m xl_instruct_dataset` is `xl-instruct`."""

from xl_instruct_dataset.cli import main

if __name__ == "__main__":
    main()
