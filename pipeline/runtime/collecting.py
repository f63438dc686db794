"""How a serving process collects garbage."""

import gc


def spare_the_collector() -> None:
    """Leave what is loaded out of garbage collection, and collect more seldom: what messages leave behind are no cycles, and each
    full collection holds all of them up."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
