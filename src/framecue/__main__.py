"""``python -m framecue`` is the ``framecue`` command."""

import sys

from framecue.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
