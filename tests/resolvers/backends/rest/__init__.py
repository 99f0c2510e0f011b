"""Tests of `resolvers.backends.rest`."""
