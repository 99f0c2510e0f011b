"""The public types: their shapes, descriptions and access rules."""
