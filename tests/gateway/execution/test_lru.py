"""The bounded store of documents and registered texts."""

from __future__ import annotations

from gateway.execution.lru import Lru


def test_the_longest_unused_goes_first() -> None:
    """A value that was asked for lately outlives one that was only put in."""
    store: Lru[str, int] = Lru(entries=2, bytes=1_000)
    store.put("a", 1, 1)
    store.put("b", 2, 1)
    assert store.get("a") == 1
    store.put("c", 3, 1)
    assert (store.get("a"), store.get("b"), store.get("c")) == (1, None, 3)


def test_weights_are_bounded_together() -> None:
    """However many entries are allowed, their weights never pass the bound."""
    store: Lru[int, str] = Lru(entries=1_000, bytes=100)
    for number in range(50):
        store.put(number, "x", 10)
        assert store.weight <= 100
    assert len(store) == 10
    assert store.evictions == 40


def test_a_giant_is_not_kept() -> None:
    """One value above an eighth of the bound pushes out nothing, because it is not kept."""
    store: Lru[str, int] = Lru(entries=10, bytes=80)
    store.put("small", 1, 10)
    store.put("giant", 2, 11)
    assert (store.get("small"), store.get("giant")) == (1, None)


def test_replacing_counts_once() -> None:
    """A key that is put twice weighs what it weighs the second time."""
    store: Lru[str, int] = Lru(entries=10, bytes=80)
    store.put("a", 1, 10)
    store.put("a", 2, 4)
    assert (store.get("a"), store.weight, len(store)) == (2, 4, 1)


def test_hits_and_misses_are_counted() -> None:
    """Operators can see whether the bound is wide enough."""
    store: Lru[str, int] = Lru(entries=10, bytes=80)
    store.get("a")
    store.put("a", 1, 1)
    store.get("a")
    assert (store.hits, store.misses) == (1, 1)
