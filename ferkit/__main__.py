"""`python -m ferkit` is the command `ferkit`."""

import sys

from ferkit.cli import main

if __name__ == "__main__":
    sys.exit(main())
