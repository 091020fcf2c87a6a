"""`python -m runner`: the command line, for where the program `treadle` is not on PATH."""

from runner.cli.main import main

if __name__ == "__main__":
    main()
