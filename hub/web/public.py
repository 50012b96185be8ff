"""The front door: three spaces, and who each is for."""

from flask import Blueprint, render_template

blueprint = Blueprint("public", __name__)


@blueprint.get("/")
def home() -> str:
    """Show the way to the three spaces."""
    return render_template("home.html")
