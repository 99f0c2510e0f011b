"""What is remembered of the backends' answers: per key, bounded, and never another caller's.

CachedSource (source.py)   in front of a BatchedSource: fresh, stale, absent or missing
Store (stores.py)          where entries are: in this process, in Redis, or both
Entry (entries.py)         a value with its times; its name says whose and of which shape it is
Invalidations              what has to be forgotten before its time
"""

from resolvers.backends.cache.entries import Naming
from resolvers.backends.cache.invalidation import Invalidations
from resolvers.backends.cache.settings import CacheSettings, Freshness
from resolvers.backends.cache.source import CachedSource
from resolvers.backends.cache.stores import LayeredStore, MemoryStore, RedisStore, Store

__all__ = [
    "CacheSettings",
    "CachedSource",
    "Freshness",
    "Invalidations",
    "LayeredStore",
    "MemoryStore",
    "Naming",
    "RedisStore",
    "Store",
]
