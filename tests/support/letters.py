"""Both renderings of a letter, line by line."""

import re
from html import unescape


def lines_of_text(text: str) -> list[str]:
    return [line.strip().removeprefix("– ") for line in text.splitlines() if line]


def lines_of_html(html: str) -> list[str]:
    """What a person reads between the heading and the end, a line per paragraph, item or line break; not the button."""
    body = html.partition("</h1>")[2].partition("</body>")[0]
    body = re.sub(r'<a class="button".*?</a>', "", body)
    blocks = re.split(r"</(?:p|li|div|ul)>|<br>", body)
    lines = (" ".join(unescape(re.sub(r"<[^>]+>", "", block)).split(" ")).split("\n") for block in blocks)
    return [line for line in (" ".join(part.strip(" ") for part in parts).strip(" ") for parts in lines) if line]
