"""One module per command; `ferkit/cli.py` imports it when the command is called."""
