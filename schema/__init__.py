"""The graph: the public contract. Holds no I/O; data comes from `resolvers`."""
