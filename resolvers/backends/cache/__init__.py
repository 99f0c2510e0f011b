"""What is remembered of the backends' answers: per key, bounded, and never another caller's.

CachedSource (source.py)   in front of a BatchedSource: fresh, stale, absent or missing
Store (stores.py)          where entries are: in this process, in Redis (shared.py), or both
Entry (entries.py)         a value with its times; its name says whose and of which shape it is
Invalidations              what has to be forgotten before its time; channel.py tells it to all processes
"""

from resolvers.backends.cache.entries import Codec, Naming
from resolvers.backends.cache.invalidation import Invalidations
from resolvers.backends.cache.settings import CacheSettings, Freshness
from resolvers.backends.cache.source import CachedSource, CacheObserver
from resolvers.backends.cache.stores import LayeredStore, MemoryStore, Store

__all__ = [
    "CacheObserver",
    "CacheSettings",
    "CachedSource",
    "Codec",
    "Freshness",
    "Invalidations",
    "LayeredStore",
    "MemoryStore",
    "Naming",
    "Store",
]
