"""`python -m arena.localnet`: run a local chain in the foreground until SIGINT or SIGTERM."""

import sys

from arena.localnet.commandline import main

if __name__ == "__main__":
    sys.exit(main())
