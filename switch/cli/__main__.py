"""`python -m switch.cli`, the same as the `softswitch` command."""

from switch.cli.main import main

main()
