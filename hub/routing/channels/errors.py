"""How a channel says that a message did not leave. Reasons are French sentences for the sender, without addresses."""

from hub.errors import HubError


class TryLater(HubError):
    """The other side did not take the message now; the same message may pass later."""


class Refused(HubError):
    """The other side refuses the message for good; trying again changes nothing."""
