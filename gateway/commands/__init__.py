"""What the commands of `gateway/cli.py` do, where it is more than a few lines."""
