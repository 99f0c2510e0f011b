"""The demo company: four real servers with invented data, for trying bizgraph out and for its tests."""
