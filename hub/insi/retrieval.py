"""How a question is asked: what it needs, and how it is asked again, more precisely, when several people answer.

Guide d'implémentation INS: birth name, one given name, sex and full date; on 02 the other given names, then the place
of birth. Nobody is ever chosen among several.
"""

from hub.insi.teleservice import Answer, AnswerCode, Query, Teleservice
from identity.ins import Ins
from identity.traits import Sex, Traits

_UNKNOWN_PLACE = "99999"


def missing(traits: Traits) -> tuple[str, ...]:
    """List in sentences what INSi needs and the identity lacks."""
    problems = []
    if not traits.birth_name:
        problems.append("Le nom de naissance manque.")
    if not traits.given_names:
        problems.append("Le premier prénom de naissance manque.")
    if traits.sex is Sex.UNKNOWN:
        problems.append("Le sexe doit être masculin ou féminin : INSi n'en connaît pas d'autre.")
    if traits.birth_date is None or not traits.birth_date.is_complete:
        problems.append("La date de naissance doit être complète.")
    return tuple(problems)


def queries(traits: Traits) -> tuple[Query, ...]:
    """Return the questions in the order in which they are asked: each says more than the one before."""
    if not traits.birth_name or traits.birth_date is None or missing(traits):
        return ()
    place = traits.birth_place if traits.birth_place != _UNKNOWN_PLACE else None
    every = (
        Query(traits.birth_name, traits.given_names[:1], traits.sex, traits.birth_date),
        Query(traits.birth_name, traits.given_names, traits.sex, traits.birth_date),
        Query(traits.birth_name, traits.given_names, traits.sex, traits.birth_date, place),
    )
    return tuple(dict.fromkeys(every))


def retrieve(teleservice: Teleservice, traits: Traits) -> Answer:
    """Look for a person, adding traits as long as several people answer."""
    answer = Answer(AnswerCode.NOBODY)
    for query in queries(traits):
        answer = teleservice.retrieve(query)
        if answer.code is not AnswerCode.SEVERAL:
            break
    return answer


def verify(teleservice: Teleservice, ins: Ins, traits: Traits) -> Answer:
    """Ask whether an INS is that of a person, with all that is known of them."""
    every = queries(traits)
    return teleservice.verify(ins, every[-1]) if every else Answer(AnswerCode.NOBODY)
