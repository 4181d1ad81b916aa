"""Names of teams: any printable text, written in one way, and compared as people compare names.

Names are stored in one normal form (NFC), and two names are one if they are equal without regard to case
(Unicode 15.0, section 3.13, canonical caseless matching) and to how many blanks stand between words. Titles
are free and need not be unique: whoever shows one in the place of a name asks `told_apart`.
"""

import unicodedata
from collections import Counter
from collections.abc import Mapping
from typing import TypeVar

from django.core.exceptions import ValidationError

MAX_LENGTH = 100
Key = TypeVar("Key")
# What counts as printable and leaves no trace on a screen: ignorable by default (Unicode 15.0, section 5.21),
# or drawn as nothing, such as the blank pattern of Braille and the null notehead.
INVISIBLE = {
    *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
    *(0x16FE4, 0x13441, 0x13442, 0x1D159),
    *range(0x180B, 0x1810),
    *range(0xFE00, 0xFE10),
    *range(0xE0100, 0xE01F0),
}


def normalized(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def folded(name: str) -> str:
    """Make the key that equal names share."""
    return " ".join(normalized(unicodedata.normalize("NFD", name).casefold()).split())


def told_apart(*, teams: Mapping[Key, tuple[str, str]]) -> dict[Key, str]:
    """Choose what to call each of these among the others, by name and title: no two are called alike.

    A title alone, else "title (name)", else the name: the first that no other of them could be called.
    """
    forms = {
        key: (title, f"{title} ({name})", name) if title.strip() else (name,)
        for key, (name, title) in teams.items()
    }
    claims = Counter(each for own in forms.values() for each in set(map(folded, own)))
    return {
        key: next((form for form in own if claims[folded(form)] == 1), own[-1])
        for key, own in forms.items()
    }


def check_printable(text: str) -> None:
    """Refuse what steers boards and terminals, which show it as it is, or what cannot be seen."""
    hidden = next((each for each in text if ord(each) in INVISIBLE or not each.isprintable()), None)
    if hidden is not None:
        raise ValidationError(
            f"U+{ord(hidden):04X} cannot be seen: leave it out.", code="unprintable"
        )


def check(name: str) -> None:
    check_printable(name)
    if not name or name != name.strip():
        raise ValidationError("A name neither begins nor ends with a space.", code="spaces")
    if "  " in name:
        raise ValidationError(
            "One space stands between words: a page shows several as one.", code="spaces"
        )
