"""Whether the links of the built site lead somewhere: ``python tools/check_links.py FOLDER``.

Files and places within them are checked; links to other sites are not followed.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The links of a page, and the places that links can lead to."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember what a tag links to, and its name."""
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.links.append(value)
            elif name == "id" or (name == "name" and tag == "a"):
                self.places.add(value or "")


def broken_links(folder: Path) -> list[str]:
    """A line for each link that leads nowhere.

    Parameters
    ----------
    folder : Path
        Of the built site.
    """
    pages = {
        file: Page(file) for file in sorted(folder.rglob("*.html")) if file.parent.name != "_static"
    }
    broken = []
    for file, page in pages.items():
        for link in page.links:
            address = urlsplit(link)
            if address.scheme or address.netloc:
                continue
            target = file if not address.path else (file.parent / unquote(address.path)).resolve()
            if target.is_dir():
                target /= "index.html"
            place = unquote(address.fragment)
            if not target.exists():
                broken.append(f"{file.relative_to(folder)}: no file for {link}")
            elif place and target in pages and place not in pages[target].places:
                broken.append(f"{file.relative_to(folder)}: no such place: {link}")
    return broken


if __name__ == "__main__":
    found = broken_links(Path(sys.argv[1]).resolve())
    print("\n".join([*found, f"{len(found)} broken links"]))
    sys.exit(bool(found))
