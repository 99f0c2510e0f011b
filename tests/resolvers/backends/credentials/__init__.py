"""Tests of `resolvers.backends.credentials`."""
