"""The reference pages, written from docstrings and from the command tree: ``make docs``, or ``python -m mixpanel_data.docs``."""

from pathlib import Path

FOLDER = Path(__file__).parent


def pages() -> dict[str, str]:
    """The text of each page by the name of its file, as it should be now."""
    from mixpanel_data.docs import command_page, coverage_page, library_page

    return {
        "library.md": library_page.page(),
        "mp.md": command_page.page(),
        "mixpanel-api.md": coverage_page.page(),
    }


def drifted(should_be: dict[str, str], folder: Path = FOLDER) -> list[str]:
    """The names of the pages in ``folder`` that are missing, or say something else than they should."""
    return [
        name
        for name, text in should_be.items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]
