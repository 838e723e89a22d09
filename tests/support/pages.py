"""Reading a page as a browser does: its tree, its words, and what every page must respect."""

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

import tinyhtml5
from django.apps import apps
from django.http import HttpResponse

CSP = {
    "default-src 'self'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
}

#: Where the page of a row has the letters about it.
LETTERS = "mailing-message-about_type-about_id-group"


def tree(response: Any) -> Element:
    """The tree a browser builds from the answer; where a line ends, words end."""
    root = tinyhtml5.parse(response.content.decode(), namespace_html_elements=False)
    for line_break in root.iter("br"):
        line_break.text = " "
    return root


def text(element: Element) -> str:
    """The words of an element on one line, all spaces alike: typography is tests/whole/test_french.py's business."""
    return " ".join("".join(element.itertext()).split())


def one(parent: Element, path: str) -> Element:
    """The only element that matches."""
    found = parent.findall(path)
    assert len(found) == 1, f"{len(found)} × {path}"
    return found[0]


def by_id(root: Element, name: str) -> Element:
    """The element with this id."""
    return one(root, f".//*[@id='{name}']")


def main(response: Any) -> str:
    """The words of the page, without header and footer."""
    return text(one(tree(response), ".//main"))


def document(response: Any) -> str:
    """The words of a document shown in a page."""
    found = [element for element in tree(response).iter("div") if "document" in element.get("class", "").split()]
    assert len(found) == 1
    return text(found[0])


def links(element: Element) -> dict[str, str]:
    """What each link says and where it leads."""
    return {text(link): link.get("href", "") for link in element.iterfind(".//a")}


def rows() -> dict[str, list[dict[str, Any]]]:
    """Every row of the database, to be compared with itself later."""
    models = [model for model in apps.get_models() if model._meta.label != "limits.Spending"]  # a try is counted
    return {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in models}


def _resources(root: Element) -> Iterator[str]:
    """Every address the browser fetches or sends to by itself."""
    for element in root.iter():
        for attribute in ("src", "srcset", "poster", "data", "action", "formaction", "background", "ping"):
            if attribute in element.attrib:
                yield element.attrib[attribute]
        if element.tag == "link":
            yield element.attrib["href"]


def assert_sound(response: HttpResponse, *, status: int = 200) -> None:
    """What every page owes: French, one title, landmarks, anchors that lead somewhere, nothing inline or foreign."""
    assert response.status_code == status
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert set(response.headers["Content-Security-Policy"].split("; ")) == CSP
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert set(response.cookies) <= {"csrftoken"}

    root = tree(response)
    assert root.get("lang") == "fr"
    assert text(one(root, ".//title"))
    assert text(one(root, ".//h1"))
    for landmark in ("./body/header", "./body/main"):
        assert text(one(root, landmark))
    for resource in _resources(root):
        assert not resource or (resource.startswith("/") and not resource.startswith("//")), resource
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    assert len(ids) == len(set(ids))
    for element in root.iter():
        inline = [name for name in element.attrib if name == "style" or name.startswith("on")]
        assert not inline, (element.tag, inline)
        assert element.tag != "style"
        assert element.tag != "script" or (element.get("src") and not text(element))
        assert not element.get("href", "").lower().startswith(("javascript:", "data:"))
        targets = [*element.get("aria-describedby", "").split(), *element.get("aria-labelledby", "").split()]
        targets += [element.get("for", "")] if element.tag == "label" else []
        targets += [element.get("href", "")[1:]] if element.get("href", "").startswith("#") else []
        assert set(filter(None, targets)) <= set(ids), (element.tag, targets)
