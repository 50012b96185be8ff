"""Pages."""

from flask import Blueprint

blueprint = Blueprint("agency", __name__)
