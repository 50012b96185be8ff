"""What too many records of a file bear is left out, as `identity.widespread` leaves it out of one identity."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from identity.bulk.columns import MISSING, Ints, Number
from identity.bulk.records import Records


def leave_out(records: Records, bearers: Mapping[str, Ints]) -> Records:
    """Return records that are compared without what too many bear; `bearers` are told by kind of blocking key."""
    if not bearers:
        return records
    none = np.zeros(0, np.int32)
    phone, email, home = (bearers.get(kind, none) for kind in ("phone", "email", "home-sex"))
    return replace(
        records,
        phone=_blank(records.phone, phone, 0),
        email=_blank(records.email, email, MISSING),
        email_name=_blank(records.email_name, email, MISSING),
        email_is_own=_blank(records.email_is_own, email, False),
        street=_blank(records.street, home, MISSING),
    )


def _blank(column: NDArray[Number], rows: Ints, none: int) -> NDArray[Number]:
    if not len(rows):
        return column
    blanked = column.copy()
    blanked[rows] = none
    return blanked
