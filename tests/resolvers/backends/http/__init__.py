"""Tests of `resolvers.backends.http`."""
