"""What an officer reads about each comparison: one short French sentence for a trait and its level.

Sentences name the trait and how it agrees, never its value. A test checks that every level has one.
"""

SENTENCES: dict[str, dict[str, str]] = {
    "surname": {
        "exact": "Nom de naissance identique",
        "particle": "Nom de naissance identique, à la particule ou aux espaces près",
        "used": "Le nom de naissance ou utilisé de l'une est celui de l'autre",
        "compound": "Nom composé dont une partie est commune",
        "swapped": "Nom et prénom inversés",
        "phonetic": "Noms de même prononciation",
        "typo": "Noms à une faute de frappe près",
        "truncated": "Nom tronqué",
        "similar": "Noms ressemblants",
        "different": "Noms différents",
        "missing": "Nom absent d'un côté",
    },
    "given": {
        "full": "Prénoms identiques, dans le même ordre",
        "exact": "Premier prénom identique",
        "others_differ": "Premier prénom identique, mais les prénoms suivants se contredisent",
        "listed": "Le prénom de l'une figure dans la liste de l'autre",
        "compound": "Prénom composé, écrit en partie d'un côté",
        "initial": "Prénom abrégé compatible",
        "swapped": "Prénom et nom inversés",
        "phonetic": "Prénoms de même prononciation",
        "typo": "Prénoms à une faute de frappe près",
        "short": "Prénom raccourci ou diminutif possible",
        "similar": "Prénoms ressemblants mais distincts",
        "different": "Prénoms différents",
        "missing": "Prénom absent d'un côté",
    },
    "birth_date": {
        "exact": "Date de naissance identique",
        "exact_fictitious": "Date de naissance identique, mais fictive ou conventionnelle",
        "swapped": "Date de naissance : jour et mois inversés",
        "day": "Date de naissance : seul le jour diffère",
        "month": "Date de naissance : seul le mois diffère",
        "year": "Date de naissance : seule l'année diffère, d'une faute de frappe",
        "presumed": "Date de naissance incomplète ou fictive, de même année",
        "different": "Dates de naissance différentes",
        "missing": "Date de naissance absente d'un côté",
    },
    "sex": {"same": "Même sexe", "different": "Sexes différents", "missing": "Sexe indéterminé d'un côté"},
    "birth_place": {
        "same": "Même lieu de naissance",
        "in_ins": "Lieu de naissance confirmé par le matricule INS de l'autre identité",
        "department": "Lieux de naissance différents, dans le même département",
        "different": "Lieux de naissance différents",
        "missing": "Lieu de naissance inconnu d'un côté",
    },
    "ins": {
        "same": "Même matricule INS",
        "same_incoherent": "Même matricule INS, mais en désaccord avec une date de naissance",
        "near": "Matricules INS à un caractère près",
        "different_incoherent": "Matricules INS différents, dont un contredit par la date ou d'une autre autorité",
        "different": "Matricules INS différents",
        "missing": "Matricule INS absent d'un côté",
    },
    "address": {
        "same": "Même adresse",
        "postcode": "Même code postal",
        "department": "Adresses du même département",
        "different": "Adresses de départements différents",
        "missing": "Adresse absente d'un côté",
    },
    "phone": {
        "same": "Même téléphone",
        "different": "Téléphones différents",
        "missing": "Téléphone absent d'un côté",
    },
    "email": {"same": "Même courriel", "different": "Courriels différents", "missing": "Courriel absent d'un côté"},
    "death": {
        "same": "Même date de décès",
        "different": "Dates de décès différentes",
        "missing": "Date de décès absente d'un côté",
    },
}

CAP_SENTENCE = "Indices partagés par un même foyer, comptés une seule fois"
OTHERS_SENTENCE = "Une autre identité de la personne s'accorde mal avec ces traits"


def sentence(trait: str, level: str, rarity: str | None = None) -> str:
    """Say how a trait agrees, with the rarity of the value when it matters."""
    text = SENTENCES[trait][level]
    return f"{text} ({rarity})" if rarity else text
