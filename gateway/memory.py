"""The garbage collector, told what a gateway is like."""

from __future__ import annotations

import gc


def settle_memory() -> None:
    """Much lives for ever, and answers hold no cycles. Call it when what lives for ever is there, or has changed.

    Building an answer of a few thousand dicts would otherwise run the collector dozens of times over everything that
    was loaded at start; on lists of hundreds of records that was half of the CPU. What is cyclic all the same is still
    found, just less often.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
