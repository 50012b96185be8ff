"""The hub application: identity index, portal accounts, document routing, over HTTP, a worker and a command line."""

__version__ = "0.1.0"
