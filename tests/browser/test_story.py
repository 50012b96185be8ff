"""README's story in a real browser, over a small demonstration built from nothing."""

from pathlib import Path

from tests.browser.demo_check import play, running_demo
from tests.browser.story import Demonstration


def test_the_story_of_the_readme_plays_to_its_end(tmp_path: Path) -> None:
    with running_demo(tmp_path, persons=150) as (hub, mailbox):
        documents = tmp_path / "demo" / "region" / "documents"
        _, failed = play(Demonstration(hub, mailbox, documents))

    assert failed == 0
