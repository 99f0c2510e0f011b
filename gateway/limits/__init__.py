"""How much one caller may ask for: operation cost per time, and operations at once."""
