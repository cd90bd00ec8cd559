"""Scripts and style sheets of a page, kept beside it, so that it works without a network."""

import base64
import hashlib
import re
import urllib.request
from pathlib import Path

TAG = re.compile(r'<(?:script|link)\b[^>]*?\b(?:src|href)="(https://[^"]+)"[^>]*>')
INTEGRITY = re.compile(r'\bintegrity="(sha\d+)-([^"]+)"')
#: Attributes that a browser would refuse a file for, or that only matter for another host.
REMOTE = re.compile(r' (?:integrity|crossorigin|referrerpolicy)="[^"]*"')


def download(url):
    """The bytes at an address."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read()


def make_offline(page, fetch=download):
    """Keep what a page loads from elsewhere in a folder ``vendor`` beside it.

    Parameters
    ----------
    page : Path
        Rewritten.
    fetch : callable
        From an address to the bytes there.

    Returns
    -------
    list of str
        What is still loaded from elsewhere, each with the reason: it could not be fetched, or its
        checksum is not the one in the page.
    """
    text, left = page.read_text(encoding="utf-8"), []
    for tag in list(TAG.finditer(text)):
        url, checksum = tag[1], INTEGRITY.search(tag[0])
        try:
            content = fetch(url)
        except OSError as error:
            left.append(f"{url}: {error}")
            continue
        if checksum and digest(checksum[1], content) != checksum[2]:
            left.append(f"{url}: the checksum differs")
            continue
        local = Path("vendor", url.rpartition("/")[2])
        (page.parent / local).parent.mkdir(exist_ok=True)
        (page.parent / local).write_bytes(content)
        text = text.replace(tag[0], REMOTE.sub("", tag[0]).replace(url, local.as_posix()))
    page.write_text(text, encoding="utf-8")
    return left


def digest(algorithm, content):
    """The checksum of some bytes, as an attribute ``integrity`` has it."""
    return base64.b64encode(hashlib.new(algorithm, content).digest()).decode()
