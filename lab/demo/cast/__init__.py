"""
The cast: who plays in the demo, one file per kind.

A kind trains once, on what is published, and its files serve every benchmark. `play` is the part
that depends on answers: it returns the predictions that were declared final.
"""
