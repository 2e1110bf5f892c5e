"""`python -m hub` is the same as `ocpi-hub`."""

from hub.cli import main

main()
