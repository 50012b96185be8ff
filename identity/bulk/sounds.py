"""How names sound, all the names of a file at once: the rules of `identity.phonetics` on columns of letters.

The rules are literal replacements, one after the other. Those that cannot meddle with one another are done at once:
all places where one of them applies are found by its rarest letter, then changed or left out together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from identity.bulk.columns import Bytes, Flags, text_column
from identity.bulk.text import joined, lines
from identity.phonetics import RULES

_Rule = tuple[bytes, bytes]
_Places = NDArray[np.intp]

_STRETCH = 1 << 18
"""Letters rewritten together: what stays in the nearest memory is rewritten sooner."""
_MOST_AT_ONCE = 32
_FEW = 3
# So that no place where a rule could apply lies across an end of the text; as long as the longest rule.
_MARGIN = bytes(8)
# The signs of names, those that are everywhere first.
_OFTEN = b"\nEAIRNLOSTUMDCHBGPKYJVFZXQW"


def french_sounds(names: pa.StringArray) -> pa.StringArray:
    """Return how each name sounds, as `identity.phonetics.french_code` of a compact match key."""
    text = joined(names)
    if text is None:
        return names
    sounds = lines(b"\n".join(_rewritten(stretch) for stretch in _stretches(text)))
    # A name of silent letters alone (X, ES) is its own sound.
    return pc.if_else(pc.equal(sounds, text_column([""])[0]), names, sounds)


def _stretches(text: bytes) -> Iterable[bytes]:
    """Cut a text at ends of lines."""
    start = 0
    while start <= len(text):
        end = text.find(b"\n", start + _STRETCH)
        end = len(text) if end < 0 else end
        yield text[start:end]
        start = end + 1


def _rewritten(text: bytes) -> bytes:
    """Write each line as it sounds."""
    letters = np.frombuffer(_MARGIN + text + b"\n" + _MARGIN, np.uint8).copy()
    for step in _steps():
        letters = step.rewrite(letters)
    return letters[len(_MARGIN) : -1 - len(_MARGIN)].tobytes()


@dataclass(frozen=True, slots=True)
class _Step:
    """Rules of one length before and one after, which do not meddle with one another."""

    old: int
    new: int
    anchor: int
    """The position whose letters are the rarest."""
    anchors: Bytes
    """These letters."""
    bits: NDArray[np.uint32]
    """For each position, the rules that each letter agrees with: one bit each."""
    written: Bytes
    """For each position that stays, the letter that each rule writes."""

    def rewrite(self, letters: Bytes) -> Bytes:
        """Apply the rules; `letters` may be changed."""
        starts, found = self._matches(letters)
        if not len(starts):
            return letters
        rule = np.bitwise_count(found - np.uint32(1))
        for position in range(self.new):
            letters[starts + position] = self.written[position].take(rule)
        if self.old == self.new:
            return letters
        stays: Flags = np.ones(len(letters), np.bool_)
        for position in range(self.new, self.old):
            stays[starts + position] = False
        return letters[stays]

    def _matches(self, letters: Bytes) -> tuple[_Places, NDArray[np.uint32]]:
        """Return where a rule applies, and its bit."""
        starts = np.flatnonzero(_are_in(self.anchors, letters)) - self.anchor
        found = self.bits[0].take(letters[starts])
        for position in range(1, self.old):
            found &= self.bits[position].take(letters[starts + position])
        rows = np.flatnonzero(found)
        return _left_to_right(starts[rows], found[rows], self.old)


def _are_in(few: Bytes, letters: Bytes) -> Flags:
    """Tell which letters are among a few."""
    table: Flags = np.zeros(256, np.bool_)
    table[few] = True
    found: Flags = table.take(letters) if len(few) > _FEW else np.logical_or.reduce([letters == one for one in few])
    return found


def _left_to_right(starts: _Places, found: NDArray[np.uint32], length: int) -> tuple[_Places, NDArray[np.uint32]]:
    """Leave out what begins inside a match before it: LLL holds one LL."""
    close = np.flatnonzero(np.diff(starts) < length)
    if not len(close):
        return starts, found
    kept = np.ones(len(starts), np.bool_)
    for index in (close + 1).tolist():
        before = index - 1
        while not kept[before]:
            before -= 1
        kept[index] = starts[index] - starts[before] >= length
    return starts[kept], found[kept]


@cache
def _steps() -> tuple[_Step, ...]:
    """Put together the rules that follow one another and do not meddle."""
    groups: list[list[_Rule]] = []
    for old, new in RULES:
        rule = old.encode(), new.encode()
        if groups and _goes_with(rule, groups[-1]):
            groups[-1].append(rule)
        else:
            groups.append([rule])
    return tuple(map(_step, groups))


def _goes_with(rule: _Rule, group: Sequence[_Rule]) -> bool:
    """Tell whether a rule can be done at once with those of a group, which come before it."""
    sizes = {(len(old), len(new)) for old, new in (rule, *group)}
    return len(sizes) == 1 and len(group) < _MOST_AT_ONCE and not any(_meddles(one, rule) for one in group)


def _meddles(first: _Rule, then: _Rule) -> bool:
    """Tell whether a rule can touch what another one, done after it, applies to."""
    (old, new), (other, _) = first, then
    # They apply to stretches that overlap, or one makes what the other applies to.
    overlap = any(_agree(old, other, shift) for shift in range(1 - len(other), len(old)))
    makes = any(_agree(new, other, shift) for shift in range(1 - len(other), max(1, len(new))))
    return overlap or (makes if new else len(other) > 1)


def _agree(text: bytes, other: bytes, shift: int) -> bool:
    """Tell whether `other`, so many letters after the beginning of `text`, agrees with it where both are."""
    both = range(max(0, shift), min(len(text), shift + len(other)))
    return all(text[place] == other[place - shift] for place in both)


def _step(group: Sequence[_Rule]) -> _Step:
    (old, new), *_ = group
    bits = np.zeros((len(old), 256), np.uint32)
    written = np.zeros((len(new), len(group)), np.uint8)
    for number, (before, after) in enumerate(group):
        for position, letter in enumerate(before):
            bits[position, letter] |= np.uint32(1 << number)
        for position, letter in enumerate(after):
            written[position, number] = letter
    places = [{before[position] for before, _ in group} for position in range(len(old))]
    anchor = min(range(len(old)), key=lambda position: sum(map(_frequency, places[position])))
    anchors = np.array(sorted(places[anchor]), np.uint8)
    return _Step(len(old), len(new), anchor, anchors, bits, written)


def _frequency(letter: int) -> float:
    """Return how often a letter is met, as far as its place among the others tells."""
    return 1 / (1 + _OFTEN.find(letter) % len(_OFTEN))
