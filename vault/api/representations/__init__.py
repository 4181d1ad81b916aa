"""How the API shows things, from releases and public constants alone: a module for each noun.

What is here is asked for by other rooms too; the shapes are imported from their modules.
"""

from vault.api.answers import time
from vault.api.representations.boards import board
from vault.api.representations.submissions import submission

__all__ = ["board", "submission", "time"]
