"""The registry's commands; `runner.cli.main` puts them into the one program."""
