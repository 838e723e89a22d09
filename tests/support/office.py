"""The admin as the team uses it: signed in, a page at a time, each form sent as a browser would send it."""

from typing import Any
from xml.etree.ElementTree import Element

from django.contrib.auth.models import User
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.support.pages import one, text, tree


def signed_in(user: User) -> Client:
    """A browser in which this account is signed in."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def typed(page: HttpResponse) -> dict[str, Any]:
    """Everything the page's form would send as it stands, buttons left alone."""
    form = one(one(tree(page), ".//*[@id='content-main']"), ".//form")
    data: dict[str, Any] = {}
    for field in form.iter():
        name = field.get("name")
        if name is None or "disabled" in field.attrib:
            continue
        if field.tag == "textarea":
            data[name] = "".join(field.itertext()).removeprefix("\n")
        elif field.tag == "select":
            data[name] = [option.get("value", "") for option in field.iter("option") if "selected" in option.attrib]
        elif field.tag == "input" and (field.get("type") not in _UNSENT or "checked" in field.attrib):
            data[name] = field.get("value", "on" if field.get("type") == "checkbox" else "")
    return data


_UNSENT = ("checkbox", "radio", "submit", "button", "file", "image")


def send(client: Client, path: str, **changes: Any) -> Any:
    """Open the page, change these fields, send its form, and follow to the page that answers."""
    page = client.get(path)
    assert page.status_code == 200, page.status_code
    return client.post(path, {**typed(page), **changes}, follow=True)


def choose(client: Client, path: str, action: str, *pks: int | str) -> Any:
    """Apply an action of a list to the rows of these numbers."""
    return client.post(path, {"action": action, "_selected_action": [str(pk) for pk in pks]}, follow=True)


def notices(response: Any) -> list[str]:
    """What the admin says at the top of the page after an act."""
    return [text(item) for item in _of_class(tree(response), "ul", "messagelist") if item.tag == "li"]


def complaints(response: Any) -> list[str]:
    """What is wrong in the form that was sent, field by field."""
    return [text(item) for item in _of_class(tree(response), "ul", "errorlist") if item.tag == "li"]


def table(response: Any) -> list[list[str]]:
    """The cells of a list, row by row, the box to tick left out."""
    body = one(tree(response), ".//table[@id='result_list']/tbody")
    return [[text(cell) for cell in row if cell.get("class") != "action-checkbox"] for row in body.findall("tr")]


def _of_class(root: Element, tag: str, name: str) -> list[Element]:
    return [child for element in root.iter(tag) if name in element.get("class", "").split() for child in element]


def url(row: Model) -> str:
    """The page of a row."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
