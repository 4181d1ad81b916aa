"""Daily weather at Offutt AFB, 1949-1999: the demo's data, its index and its features."""
