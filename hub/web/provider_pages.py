"""Pages."""

from flask import Blueprint

blueprint = Blueprint("provider_pages", __name__)
