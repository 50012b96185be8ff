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
        "truncated": "Nom tronqué ou abrégé",
        "overlap": "Noms qui ont une partie en commun et une autre, ou le nom de naissance, différente",
        "married": "Noms différents, chacun seul connu d'une femme : nom de naissance et nom d'usage possibles",
        "similar": "Noms ressemblants",
        "different": "Noms différents",
        "missing": "Nom absent d'un côté",
    },
    "given": {
        "exact": "Premier prénom ou prénom utilisé identique",
        "listed": "Le prénom de l'une figure dans la liste de l'autre",
        "compound": "Prénom composé, écrit en partie d'un côté",
        "initial": "Prénom réduit à une initiale compatible",
        "swapped": "Prénom et nom inversés",
        "phonetic": "Prénoms de même prononciation",
        "typo": "Prénoms à une faute de frappe près",
        "short": "Prénom abrégé, raccourci ou diminutif possible",
        "rival": "Prénoms proches, mais ce sont deux prénoms différents",
        "overlap": "Prénoms composés qui ont une partie en commun et une partie différente",
        "similar": "Prénoms ressemblants mais distincts",
        "different": "Prénoms différents",
        "missing": "Prénom absent d'un côté",
    },
    "other_given": {
        "same": "Prénoms suivants identiques",
        "shared": "Prénoms suivants en partie communs",
        "differ": "Les prénoms suivants se contredisent",
        "missing": "Prénoms suivants inconnus d'un côté",
    },
    "birth_date": {
        "exact": "Date de naissance identique",
        "exact_fictitious": "Date de naissance identique, mais fictive ou conventionnelle",
        "swapped": "Date de naissance : jour et mois inversés",
        "day_slip": "Date de naissance : une faute de frappe dans le jour",
        "day": "Date de naissance : seul le jour diffère",
        "month_slip": "Date de naissance : une faute de frappe dans le mois",
        "month": "Date de naissance : seul le mois diffère",
        "year_slip": "Date de naissance : une faute de frappe dans l'année",
        "year": "Date de naissance : seule l'année diffère",
        "same_year": "Dates de naissance différentes, de même année",
        "presumed": "Date de naissance incomplète ou fictive, de même année à une faute de frappe près",
        "different": "Dates de naissance différentes",
        "missing": "Date de naissance absente d'un côté",
    },
    "sex": {"same": "Même sexe", "different": "Sexes différents", "missing": "Sexe indéterminé d'un côté"},
    "birth_place": {
        "same": "Même lieu de naissance",
        "in_ins": "Lieu de naissance confirmé par le matricule INS de l'autre identité",
        "city": "Lieux de naissance dans la même ville, ou un ancien code possible du même lieu",
        "country": "Même pays de naissance",
        "department": "Lieux de naissance différents, dans le même département",
        "against_ins": "Lieu de naissance contredit par le matricule INS de l'autre identité",
        "different": "Lieux de naissance différents",
        "missing": "Lieu de naissance inconnu d'un côté",
    },
    "ins": {
        "same": "Même matricule INS",
        "same_incoherent": "Même matricule INS, mais en désaccord avec une date de naissance",
        "near": "Matricules INS à un caractère près",
        "different_incoherent": "Matricules INS différents, l'un contredit par la date ou d'attente (NIA)",
        "different": "Matricules INS différents",
        "missing": "Matricule INS absent d'un côté",
    },
    "address": {
        "same": "Même adresse",
        "near": "Même numéro et même rue, code postal à un chiffre près",
        "postcode": "Même code postal (ou à un chiffre près, dans la même commune), ou même établissement (EHPAD…)",
        "department": "Adresses du même département",
        "different": "Adresses de départements différents",
        "missing": "Adresse absente d'un côté",
    },
    "phone": {
        "same": "Même téléphone",
        "near": "Téléphones à un chiffre près",
        "different": "Téléphones différents",
        "missing": "Téléphone absent d'un côté, ou d'un établissement",
    },
    "email": {
        "own": "Même courriel, au prénom de la personne",
        "named": "Même courriel, au prénom de l'une des deux identités",
        "same": "Même courriel, à un autre nom : celui d'un proche",
        "crossed": "Le courriel de l'une porte le prénom de l'autre",
        "different": "Courriels différents",
        "missing": "Courriel absent d'un côté",
    },
    "domain": {"same": "Deux numéros de la même structure", "different": "Deux structures différentes"},
    "age": {
        "adult": "Deux adultes",
        "minor": "Enfant ou jeune adulte : les proches partagent souvent nom, adresse et contacts",
        "missing": "Âge inconnu d'un côté",
    },
    "corroboration": {
        "some": "Un autre indice confirme le nom et la date",
        "place": "Seul un lieu (naissance, code postal) confirme le nom et la date",
        "none": "Rien d'autre ne confirme le nom et la date",
    },
    "surname_rarity": {
        "rare": "Nom rare",
        "uncommon": "Nom peu courant",
        "usual": "Nom courant",
        "common": "Nom très courant",
        "rivals": "Deux noms usuels différents",
        "none": "Rareté du nom sans objet",
    },
    "given_rarity": {
        "rare": "Prénom rare",
        "uncommon": "Prénom peu courant",
        "usual": "Prénom courant",
        "common": "Prénom très courant",
        "rivals": "Deux prénoms usuels différents",
        "none": "Rareté du prénom sans objet",
    },
}

OTHERS_SENTENCE = "Une autre identité de la personne s'accorde mal avec ces traits"


def sentence(trait: str, level: str) -> str:
    """Say how a trait agrees, or two traits taken together (`given×birth_date`)."""
    if "×" not in trait:
        return SENTENCES[trait][level]
    first, second = (SENTENCES[name][item] for name, item in zip(trait.split("×"), level.split("×"), strict=True))
    return f"Pris ensemble : {first[0].lower()}{first[1:]} ; {second[0].lower()}{second[1:]}"
