"""`python -m ferkit` is the command `ferkit`."""

from ferkit.cli import main

raise SystemExit(main())
