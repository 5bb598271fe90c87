"""An answer that picks several of some sentences: which one is too many is told, which one is missing only hinted at."""

from collections.abc import Mapping

from utils.exercises.question import Mistake, NotYet
from utils.exercises.values import as_list, shown

SEPARATORS = " ,;.()"


def pick(answer, right: Mapping[str, str], wrong: Mapping[str, str]) -> None:
    """Probe of a question with several right letters.

    Args:
        answer: the letters, in any order and case: a list, a set, or a text such as "a, c".
        right: what is lacking without it, for each right letter; it does not name the letter.
        wrong: what speaks against it, for each wrong letter.

    Raises:
        NotYet: a letter is none of these, is wrong, stands there twice, or one is missing.
    """
    given = [letter for letter in answer if letter not in SEPARATORS] if isinstance(answer, str) else answer
    letters = [_letter(each, right, wrong) for each in as_list(given, "a list of letters")]
    for letter in letters:
        if letter in wrong:
            raise NotYet(f"{letter!r}: {wrong[letter]}")
    for letter, lacking in right.items():
        if letter not in letters:
            raise NotYet(f"{shown(sorted(letters))} is not all of them: {lacking}")
    if len(letters) > len(right):
        raise NotYet(f"in {shown(letters)} one stands twice.")


def other_picks(right: Mapping[str, str], wrong: Mapping[str, str]) -> list[Mistake]:
    """The right letters with one too many or one too few, and the words each must get."""
    return [Mistake([*right, letter], f"{letter!r}: {words}") for letter, words in wrong.items()] + [
        Mistake([letter for letter in right if letter != left], words) for left, words in right.items()
    ]


def _letter(each, right, wrong):
    letter = each.strip(SEPARATORS).lower() if isinstance(each, str) else each
    if not isinstance(letter, str) or letter not in {*right, *wrong}:
        known = ", ".join(repr(option) for option in sorted([*right, *wrong]))
        raise NotYet(f"expected letters, each one of {known}, got {shown(each)}.")
    return letter
