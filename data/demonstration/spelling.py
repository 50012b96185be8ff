"""Misspell one name: a neighbouring key, a doubled, dropped, swapped or misread letter, what the ear hears.

Each function returns the name as it was typed, or nothing when the mistake cannot happen in it.
"""

from random import Random

NEIGHBOURS = {
    "A": "ZQ",
    "B": "VN",
    "C": "XV",
    "D": "SF",
    "E": "ZR",
    "F": "DG",
    "G": "FH",
    "H": "GJ",
    "I": "UO",
    "J": "HK",
    "K": "JL",
    "L": "KM",
    "M": "LP",
    "N": "BH",
    "O": "IP",
    "P": "OM",
    "Q": "SA",
    "R": "ET",
    "S": "QD",
    "T": "RY",
    "U": "YI",
    "V": "CB",
    "W": "XQ",
    "X": "WC",
    "Y": "TU",
    "Z": "AE",
}
SOUNDS = (
    ("EAU", "AUD"),
    ("EAU", "O"),
    ("AULT", "AUD"),
    ("PH", "F"),
    ("CK", "K"),
    ("QU", "K"),
    ("TH", "T"),
    ("LL", "L"),
    ("TT", "T"),
    ("SS", "S"),
    ("NN", "N"),
    ("RR", "R"),
    ("ET", "AY"),
    ("EZ", "ES"),
    ("AIN", "IN"),
    ("AI", "E"),
    ("AY", "E"),
    ("OY", "OI"),
    ("Y", "I"),
    ("AU", "O"),
    ("IE", "Y"),
    ("Z", "S"),
    ("C", "S"),
    ("I", "Y"),
)


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((one, other) for one, _, other in (pair.partition("=") for pair in text.split(" ")))


MISREAD = _pairs("RN=M M=RN CL=D D=CL O=0 I=1 S=5 B=8 LI=U U=LI VV=W G=C E=F N=H L=I I=L Q=O NN=M H=N Z=2")
HEARD = _pairs(
    "AU=O O=AU EAU=O EAU=AUX AUD=AULT AULT=EAU OT=EAU EAU=OT PH=F F=PH C=K K=C QU=C CK=K X=KS TH=T T=TH H= "
    "LL=L L=LL SS=S S=SS NN=N N=NN TT=T RR=R R=RR MM=M PP=P ET=AY AY=ET EY=AY EZ=ER ER=EZ AIN=IN IN=AIN "
    "EIN=AIN IN=YN AI=E AN=EN EN=AN AM=EM OU=OO OI=OY OY=OI Y=I I=Y Z=S S=Z GE=J J=G GU=G CH=SH SCH=CH W=V "
    "IER=IE IE=Y OUX=OU EUX=EU ILL=Y D=T B=P P=B"
)
MUTE = "TDSXE"


def _letters(name: str) -> list[int]:
    return [place for place in range(1, len(name)) if name[place].isalpha()]


def neighbour(name: str, rng: Random) -> str | None:
    """Strike a neighbouring key."""
    places = [place for place in _letters(name) if name[place] in NEIGHBOURS]
    if not places:
        return None
    place = rng.choice(places)
    return name[:place] + rng.choice(NEIGHBOURS[name[place]]) + name[place + 1 :]


def doubled(name: str, rng: Random) -> str | None:
    """Strike a key twice."""
    places = _letters(name)
    if not places:
        return None
    place = rng.choice(places)
    return name[: place + 1] + name[place:]


def dropped(name: str, rng: Random) -> str | None:
    """Forget a letter."""
    places = _letters(name)
    if len(places) < 3:
        return None
    place = rng.choice(places)
    shorter = name[:place] + name[place + 1 :]
    return shorter if shorter[-1].isalpha() else None


def transposed(name: str, rng: Random) -> str | None:
    """Swap two letters."""
    pairs = [p for p in _letters(name)[:-1] if name[p + 1].isalpha() and name[p] != name[p + 1]]
    if not pairs:
        return None
    place = rng.choice(pairs)
    return name[:place] + name[place + 1] + name[place] + name[place + 2 :]


def sounded(name: str, rng: Random) -> str | None:
    """Write a sound another way."""
    heard = [(sound, other) for sound, other in SOUNDS if sound in name[1:]]
    if not heard:
        return None
    sound, other = rng.choice(heard)
    place = name.index(sound, 1)
    return name[:place] + other + name[place + len(sound) :]


def misread(name: str, rng: Random) -> str | None:
    """Read a letter as another of the same shape, as scanners do."""
    seen = [(shape, other) for shape, other in MISREAD if shape in name[1:]]
    if not seen:
        return None
    shape, other = rng.choice(seen)
    place = name.index(shape, 1)
    return name[:place] + other + name[place + len(shape) :]


def heard(name: str, rng: Random) -> str | None:
    """Write a name as one heard it: another spelling of a sound, a mute letter more or less at the end."""
    if rng.random() < 0.2 and len(name) > 4:
        return name[:-1] if name[-1] in MUTE else name + rng.choice(MUTE)
    found = [(sound, other) for sound, other in HEARD if sound in name[1:]]
    if not found:
        return None
    sound, other = rng.choice(found)
    place = name.rindex(sound)
    return name[:place] + other + name[place + len(sound) :] if place else None


def mistyped(name: str, rng: Random) -> str | None:
    """Make one mistake of the fingers, of any kind."""
    return rng.choice((neighbour, neighbour, doubled, dropped, dropped, transposed))(name, rng)
