"""`python -m gateway` is `bizgraph`."""

from gateway.cli import main

if __name__ == "__main__":
    main()
