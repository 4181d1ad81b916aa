"""The commands of run.py, once its environment stands: demo, serve, test, check, manage."""

import sys

from service.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
