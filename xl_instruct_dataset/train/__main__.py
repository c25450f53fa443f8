"""`python -m xl_instruct_dataset.train MODEL ...` is `xl-instruct train MODEL ...`.

For launchers that want a module: `accelerate launch -m xl_instruct_dataset.train MODEL ...`.
"""

import sys

from xl_instruct_dataset.cli import main

if __name__ == "__main__":
    sys.argv[1:1] = ["train"]
    main()
