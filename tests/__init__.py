"""bizgraph's tests: they meet the demo company over real sockets."""
