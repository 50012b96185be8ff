"""Writing of traits by the RNIV rules, and the looser keys that names are matched on.

RNIV 1 (writing of traits), INSi character set, INSEE COG for the place of birth, ITU E.164 for telephones.
A forbidden character refuses the value: it is never dropped in silence. What a record looks like once reduced
for matching is in `identity.comparable`.
"""

import re
import unicodedata

from identity.traits import TraitError

_MAX_LENGTH = 100
TYPOGRAPHY = {
    **dict.fromkeys("’‘‛ʼʹ´`′＇", "'"),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("\u00a0\u202f\u2009\t", " "),
    "Æ": "AE",
    "æ": "AE",
    "Œ": "OE",
    "œ": "OE",
    "ß": "SS",
    "ẞ": "SS",
    "Ø": "O",
    "ø": "O",
    "Ł": "L",
    "ł": "L",
    "Đ": "D",
    "đ": "D",
}
"""Signs that stand for one another in names, and letters that no decomposition splits."""
_TYPOGRAPHY = str.maketrans(TYPOGRAPHY)
_JOINT = re.compile(r" *([-']) *")
_ALLOWED = re.compile(r"[A-Z' -]+", re.ASCII)
_FAMILY_FIELDS = frozenset({"birth_name", "used_name"})
_COG = re.compile(r"(?:\d{5}|2[AB]\d{3})", re.ASCII)
PLACEHOLDER_NUMBERS = frozenset(
    """
    101010101 102030405 123456789 601020304 606060606 607080910 701020304 707070707
    """.split()  # noqa: SIM905
)
"""What is typed where a telephone is asked and not known, without the first 0."""
DOUBTFUL_NUMBERS = frozenset({"612345678", "712345678"})
"""Those that somebody may have, and that are typed for nobody's: they tell nobody from another."""
ROUND = 1_000_000
"""What divides a number of nine digits that ends in six zeros: 04 77 00 00 00 is doubtful too."""
PHONE_SIGNS = re.compile(r"[\s.\-/()\u00a0\u202f]")
_EMAIL = re.compile(r"[^@\s\"<>,;]+@[^@\s\"<>,;]+\.[a-z]{2,}")
EMPTY_EMAILS = frozenset(
    """
    aucun aucunmail inconnu na nc neant no-mail no-reply noemail nomail non-renseigne nonconnu none nonrenseigne
    noreply null pas-de-mail pasdadresse pasdadressemail pasdemail pasmail sans sans-mail sansadresse sansemail
    sansmail unknown xx xxx
    """.split()  # noqa: SIM905
)
_HOUSES = "ccas curatelle curatelles ehpad foyer mjpm residence tutelle tutelles udaf"
_ROLES = f"""
    {_HOUSES} accueil admin administratif administration cabinet contact direction infirmerie info infos mairie
    medecin pharmacie secretaire secretariat soins standard
    a aa adresse courriel dmp email mail ne-pas-repondre nepasrepondre patient test x
"""
_AT_HOUSE = "@[^@]*(?:curatel|ehpad|mjpm|tutel|udaf)"


def _written_to(roles: str) -> str:
    return rf"^(?:{'|'.join(roles.split())})[0-9._-]*@|{_AT_HOUSE}"


SHARED_EMAIL = _written_to(_ROLES)
"""How the address of a house, a practice or a guardian is written: mail is read there, for many; x@x.fr, nowhere."""
HOUSE_EMAIL = _written_to(_HOUSES)
"""How that of a house or a guardian is: whose mail it is has their street and their landline too."""
_SHARED_EMAIL, _HOUSE_EMAIL = re.compile(SHARED_EMAIL), re.compile(HOUSE_EMAIL)
_OVERSEAS_LENGTH = len("+262692123456")
_OVERSEAS = {
    "262": ("262", "263", "269", "639", "692", "693"),
    "590": ("590", "690", "691"),
    "594": ("594", "694"),
    "596": ("596", "696", "697"),
}
_OVERSEAS_CODE = {prefix: code for code, prefixes in _OVERSEAS.items() for prefix in prefixes}
PLACEHOLDERS = frozenset(
    """
    SANS|SANS NOM|SANS PRENOM|SANSNOM|SANSPRENOM|INCONNU|INCONNUE|NOM INCONNU|PRENOM INCONNU|NON RENSEIGNE|
    NON RENSEIGNEE|NON|NN|SDF|A PRECISER|NON COMMUNIQUE|NON CONNU|NON CONNUE|NON PRECISE|NR|NC|ND|NEANT|NOM|PRENOM|
    ANONYME|A RENSEIGNER|A COMPLETER|INDETERMINE|INDETERMINEE|SOUS X|NE SOUS X|NEE SOUS X|UNKNOWN|BEBE|NOUVEAU NE|
    NOUVEAU NEE|ENFANT|A DETERMINER|NON IDENTIFIE|NON IDENTIFIEE|IDENTITE INCONNUE|NOM PRENOM|NOM NON RENSEIGNE|
    NOM NON CONNU|NOM A PRECISER|NOM A RENSEIGNER|SANS NOM CONNU|PATIENT INCONNU|PATIENTE INCONNUE|HOMME INCONNU|
    FEMME INCONNUE|SANS NOM PATRONYMIQUE|ENFANT INCONNU|ENFANT INCONNUE|PERSONNE INCONNUE
    """.replace("\n", "")
    .replace("  ", "")
    .strip()
    .split("|")
)

DUMMIES = frozenset(
    """
    TEST TESTS ESSAI INSTEST DEMO FICTIF FICTIVE PROVISOIRE EXEMPLE AZERTY QWERTY VICTIME IMPLIQUE URGENCE URGENCES
    DOUBLON ACCOUCHEMENT COMPTOIR ERREUR SMUR SAMU FOETUS NULL IDEM VIDE FNU LNU SNU SNP
    MONSIEUR MADAME MADEMOISELLE MR MME MLLE MLE MRS
    """.split()  # noqa: SIM905
) | {"NE PAS UTILISER", "A SUPPRIMER", "CLIENT COMPTOIR", "CLIENT DE PASSAGE", "DE PASSAGE", "ACCOUCHEMENT SECRET"}
"""What is written for nobody, or for somebody whose name may not be told. A few are names too, so they are taken, and
confirm nothing; TOTO and PATIENTE, whom INSEE knows, are left to their bearers."""

CIVILITIES = r"^(?:(?:MONSIEUR|MADAME|MADEMOISELLE|MR|MRS|MME|MLLE|MLE|DR|MAITRE|ABBE|SOEUR|FRERE|VEUVE|VVE)[ -])+"
"""What is written before given names, in capitals: titles, which half a file would share."""

_NEWBORN = """
    BEBE BB BBE NNE FILLE GARCON ENF ENFANT INFANT JUMEAU JUMELLE GEMELLAIRE NOURRISSON NOUVEAU NOUVELLE FILS PREMIER
    DEUXIEME TRIPLE TRIPLEE FOETUS MORT NE NEE BABY NOUVEAUNE NOUVEAUNEE PREMATURE PREMATUREE GEMELLE GEMELLAIRES
    MASCULIN FEMININ
"""
NEWBORN = "^(?:{})(?:[ -]|$)".format("|".join(_NEWBORN.split()))
"""How a match key begins that says a child has no name yet."""
_IS_NEWBORN = re.compile(NEWBORN)
# What clerks write where a name is not known, besides `PLACEHOLDERS`.
_UNSAID = (
    "NON", "SANS", "NOMS?", "PRENOMS?", "A (?:PRECISER|RENSEIGNER|COMPLETER|DETERMINER|VENIR)", "(?:EN )?ATTENTE",
    "(?:NEE? )?SOUS X", "HOMME", "FEMME", "SECRETE?", "ISOLEE?", "AVP", "ATTENTAT",
)  # fmt: skip
MIDDLE_NAMES = ("THI", "VAN")
"""Vietnamese names between the family's and the given one, women's and men's: of NGUYEN THI HOA, what software that
keeps one word keeps."""
NO_GIVEN_NAME = "^(?:(?:{})(?:[ -]|$)|(?:{})$)".format(
    "|".join([*_NEWBORN.split(), *_UNSAID]).replace(" ", "[ -]"), "|".join(MIDDLE_NAMES)
)
"""How a match key begins that stands where there is no given name: FILLE DE CLAIRE, JUMEAU A, NON RENSEIGNE. Its
other words are no names either: two newborns whose given names are RENSEIGNE would share them. And what it is when it
is the middle name that half a country bears, alone."""
_NO_GIVEN_NAME = re.compile(NO_GIVEN_NAME)


def write_name(text: str, field: str) -> str:
    """Write a family or given name as RNIV asks; raise `TraitError` on what may not be written."""
    name = unicodedata.normalize("NFC", text).translate(_TYPOGRAPHY)
    name = "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c)).upper()
    name = re.sub(r" *' *", "'", " ".join(name.split(" "))).strip()
    name = re.sub(r" {2,}", " ", name)
    if not name:
        raise TraitError(field, "trait-missing", "Ce trait est vide ; saisissez-le ou laissez le champ absent.")
    if not _ALLOWED.fullmatch(name):
        raise TraitError(
            field,
            "trait-charset",
            "Seuls les lettres de A à Z, l'espace, l'apostrophe et le tiret sont admis ; les chiffres, la "
            "ponctuation et les autres alphabets ne le sont pas.",
        )
    if len(name) > _MAX_LENGTH:
        raise TraitError(field, "trait-length", "Ce trait dépasse 100 caractères.")
    _check_signs(name, field)
    return name


def _check_signs(name: str, field: str) -> None:
    """Check where apostrophes and hyphens stand."""
    is_family = field in _FAMILY_FIELDS
    if name[0] == "-" or "''" in name or "---" in name or not any("A" <= c <= "Z" for c in name):
        raise TraitError(field, "trait-charset", "Un tiret ou une apostrophe est mal placé dans ce trait.")
    if not is_family and ("--" in name or name[-1] in "-'"):
        raise TraitError(field, "trait-charset", "Un prénom ne contient pas de double tiret et finit par une lettre.")


def split_given_names(text: str) -> tuple[str, ...]:
    """Split the space-separated list of birth given names; JEAN - PIERRE is one of them."""
    return tuple(_JOINT.sub(r"\1", text.translate(_TYPOGRAPHY)).split())


def match_key(text: str) -> str:
    """Reduce a name to its match key: no marks, upper case, hyphen and apostrophe as spaces."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.translate(_TYPOGRAPHY))
        text = "".join(c for c in text if not unicodedata.combining(c))
    return " ".join(text.upper().replace("-", " ").replace("'", " ").split())


def is_placeholder_name(text: str) -> bool:
    """Tell whether a name stands for « not known » and so must never match anything."""
    return is_placeholder_key(match_key(text))


def is_placeholder_key(key: str) -> bool:
    """Tell the same of a match key."""
    return key in PLACEHOLDERS or not key.replace("X", "").strip()


def tells_no_name(key: str) -> bool:
    """Tell whether a match key is that of a placeholder or a dummy: nothing that two records would share."""
    return key in DUMMIES or is_placeholder_key(key)


def is_no_given_name(key: str) -> bool:
    """Tell whether the match key of a list of given names says that there is none."""
    return _NO_GIVEN_NAME.match(key) is not None


def is_newborn(key: str) -> bool:
    """Tell whether the match key of a list of given names says that a child has none yet."""
    return _IS_NEWBORN.match(key) is not None


def clean_phone(text: str) -> str | None:
    """Write a telephone number in E.164; None when it is not one. National numbers are read as French."""
    compact = text if _are_digits(text) else PHONE_SIGNS.sub("", text.replace("(0)", ""))
    if compact.startswith("00"):
        compact = "+" + compact[2:]
    if not _are_digits(compact) or not 8 <= len(compact.removeprefix("+")) <= 15:
        return None
    if compact.startswith("+33") or (compact.startswith("33") and len(compact) == 11):
        national = compact.removeprefix("+")[2:].removeprefix("0")
    elif compact.startswith("+"):
        # No country code begins with 0; a number overseas has nine digits after its code.
        is_cut = compact[1:4] in _OVERSEAS and len(compact) != _OVERSEAS_LENGTH
        return None if compact[1] == "0" or is_cut else compact
    elif compact.startswith("0"):
        national = compact[1:]
    else:
        return None
    # A number made of one repeated digit after its prefix is a placeholder that would match strangers.
    if len(national) != 9 or national[0] == "0" or len(set(national[1:])) == 1 or national in PLACEHOLDER_NUMBERS:
        return None
    # 06 39 98 is Arcep's range for fiction, in the middle of Mayotte's numbers.
    is_fiction = national.startswith("63998")
    return f"+{'33' if is_fiction else _OVERSEAS_CODE.get(national[:3], '33')}{national}"


def telling_phone(text: str) -> str | None:
    """Write a telephone number as `clean_phone` does; None also for one that tells nobody from another."""
    phone = clean_phone(text)
    if phone is None or phone[-9:] in DOUBTFUL_NUMBERS or int(phone[-9:]) % ROUND == 0:
        return None
    return phone


def is_landline(phone: str) -> bool:
    """Tell whether a number in E.164 is French and no mobile's."""
    is_french = phone.startswith("+33") or phone[1:4] in _OVERSEAS
    return is_french and phone[-9] not in "67"


def _are_digits(number: str) -> bool:
    """Tell whether there are digits only, after a plus or not."""
    return number.isascii() and number.removeprefix("+").isdigit()


def clean_email(text: str) -> str | None:
    """Write an e-mail address in lower case; None when it has not the shape of one."""
    address = text.strip().lower()
    if not _EMAIL.fullmatch(address) or address.split("@")[0] in EMPTY_EMAILS:
        return None
    return address


def is_shared_email(address: str) -> bool:
    """Tell whether an address is that of a house, a practice or a guardian."""
    return _SHARED_EMAIL.search(address) is not None


def is_house_email(address: str) -> bool:
    """Tell a clean address that a house or a guardian reads."""
    return _HOUSE_EMAIL.search(address) is not None


def check_birth_place(code: str) -> str:
    """Check the form of a COG code: five digits, or a Corsican 2A or 2B and three digits."""
    if not _COG.fullmatch(code):
        raise TraitError(
            "birth_place",
            "cog-format",
            "Le lieu de naissance est un code officiel géographique de 5 caractères (par exemple 69381 ou 2A004 ; "
            "99 et le code du pays pour l'étranger).",
        )
    return code
