"""Names of teams: any printable text, written in one way, and compared as people compare names.

The same name can be typed as different characters: a letter with its accent or before it, in capitals or
not. So names are stored in one normal form (NFC), and two names are one if they are equal without regard to
case (Unicode 15.0, section 3.13, canonical caseless matching).
"""

import unicodedata

from django.core.exceptions import ValidationError

LONGEST = 100
# Letters, marks and symbols that leave no trace on a screen: what is ignorable by default (Unicode 15.0,
# section 5.21) and counts as printable all the same, and the blank pattern of Braille.
INVISIBLE = {
    *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
    *range(0x180B, 0x1810),
    *range(0xFE00, 0xFE10),
    *range(0xE0100, 0xE01F0),
}


def normalized(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def folded(name: str) -> str:
    """The key that equal names share."""
    return normalized(unicodedata.normalize("NFD", name).casefold())


def check_printable(text: str) -> None:
    """Boards and terminals show it as it is: nothing in it steers them or cannot be seen."""
    hidden = next((each for each in text if ord(each) in INVISIBLE or not each.isprintable()), None)
    if hidden is not None:
        raise ValidationError(
            f"U+{ord(hidden):04X} cannot be seen: leave it out.", code="unprintable"
        )


def check(name: str) -> None:
    check_printable(name)
    if not name or name != name.strip():
        raise ValidationError("A name neither begins nor ends with a space.", code="spaces")
