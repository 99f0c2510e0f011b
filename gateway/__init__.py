"""The server: everything between the socket and the graph."""
