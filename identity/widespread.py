"""What so many identities bear that it tells nobody from another: a default telephone, a hospital's own address.

A reception writes its switchboard for whoever gives no telephone, a software its vendor's mail. Households share a
telephone too, which the model weighs; what follows is beyond any household: such a trait counts as missing, and
nobody is sought by it. A matricule is not among them: two people under one INS are an officer's business, however
many bear it.
"""

from collections.abc import Collection
from dataclasses import replace

from identity.decision import Reason
from identity.traits import Traits

MOST_BEARERS = 200
"""Identities that may bear one and the same, of all structures: those of a large family are fewer."""
KINDS = {"phone": "phone", "email": "email", "home-sex": "address"}
"""The trait that each kind of blocking key of one trait tells; a home is counted for each sex."""
LEFT_OUT = {
    "phone": Reason("widespread-phone", f"Plus de {MOST_BEARERS} identités ont ce téléphone : il ne compte pas."),
    "email": Reason("widespread-email", f"Plus de {MOST_BEARERS} identités ont ce courriel : il ne compte pas."),
    "address": Reason(
        "widespread-address",
        f"Plus de {MOST_BEARERS} identités ont cette adresse : seul son code postal compte.",
    ),
}
"""Why a trait was left out, by trait."""


def without(traits: Traits, left_out: Collection[str]) -> Traits:
    """Return traits without some of those that `KINDS` names; of an address, the postcode and the town stay."""
    if not left_out:
        return traits
    address = traits.address
    return replace(
        traits,
        phone=None if "phone" in left_out else traits.phone,
        email=None if "email" in left_out else traits.email,
        address=replace(address, line=None) if address and "address" in left_out else address,
    )
