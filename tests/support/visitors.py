"""What a visitor of the sessions types and reads."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse

from caprural.house.models import Organisation
from sessions_app import registering
from sessions_app.models import Registration, TrainingSession
from sessions_app.registering import visiting
from tests.factories import NOW
from tests.support import pages

REASONS = {
    "open": "Il reste 10 places sur 10.",
    "full": "Toutes les places sont prises.",
    "closed": "Les inscriptions sont closes depuis",
    "postponed": "Cette session est reportée",
    "cancelled": "Cette session est annulée.",
    "under_way": "Cette session a commencé : il n’est plus possible de s’inscrire.",
    "past": "Cette session a eu lieu.",
}


def form_url(session: TrainingSession) -> str:
    return f"/sessions/{session.slug}/inscription/"


def private_url(registration: Registration, below: str = "") -> str:
    return f"/inscriptions/{registration.token}/{below}"


def typed(**fields: str) -> dict[str, str]:
    """What a person types, every field filled."""
    return {
        "submission_key": str(uuid4()),
        "first_name": "Anaïs",
        "last_name": "d’Oña-Lévêque",
        "email": "Anais.Leveque@Vallee.example",
        "phone": "06 12 34 56 78",
        "organisation": "Syndicat mixte « Vallée & Monts »",
        "job_title": "Chargée de projets",
        "profile": "project_manager",
        "accessibility_needs": "Une place assise\r\nprès de l’écran",
        "carpool": "on",
        "departure_town": "Saint-Étienne",
        "message": "À bientôt 👩‍🌾 !",
        **fields,
    }


def values(response: Any) -> dict[str, str]:
    """What each field of the form holds, as the browser would send it again."""
    form = pages.one(pages.tree(response), ".//main//form")
    found = {}
    for field in form.iter():
        name = field.get("name")
        if name is None:
            continue
        if field.tag == "textarea":
            # A browser sends every line break as two characters.
            found[name] = (field.text or "").replace("\n", "\r\n")
        elif field.tag == "select":
            found[name] = next((option.get("value", "") for option in field if "selected" in option.attrib), "")
        elif field.get("type") == "checkbox":
            found[name] = "on" if "checked" in field.attrib else ""
        else:
            found[name] = field.get("value", "")
    del found["csrfmiddlewaretoken"]
    return found


def heading(response: Any) -> str:
    return pages.text(pages.one(pages.tree(response), ".//h1"))


def cancel(registration: Registration, *, now: datetime = NOW) -> None:
    """The person gives up."""
    registering.cancel(registration, cause=Registration.Cause.PARTICIPANT, now=now, by=registering.PARTICIPANT)


@pytest.fixture(autouse=True)
def _organisation() -> None:
    Organisation.objects.create(
        pk=1,
        name="Cap Rural",
        email="contact@caprural.example",
        cheque_payee="Cap Rural",
        iban="FR7630006000011234567890189",
        chorus_pro="Déposez l’engagement sur Chorus Pro.",
    )


def shown(page: HttpResponse) -> dict[str, str]:
    """What the form would send as the page stands."""
    form = pages.one(pages.one(pages.tree(page), ".//main"), ".//form")
    data = {}
    for field in form.iter():
        name, kind = field.get("name"), field.get("type")
        if name is None or kind in ("submit", "button"):
            continue
        if field.tag == "textarea":
            data[name] = "".join(field.itertext()).removeprefix("\n")
        elif kind not in ("checkbox", "radio") or "checked" in field.attrib:
            data[name] = field.get("value", "on" if kind == "checkbox" else "")
    del data["csrfmiddlewaretoken"]
    return data


LEGAL = {
    "/mentions-legales/": ("caprural/legal_notice.html", "Mentions légales"),
    "/donnees-personnelles/": ("caprural/privacy.html", "Données personnelles"),
    "/accessibilite/": ("caprural/accessibility.html", "Accessibilité"),
}


@pytest.fixture(autouse=True, scope="module")
def _as_often_as_one_likes() -> Iterator[None]:
    """What is tried here is what may be typed, not how often: tests/sessions_app/registering/test_visiting.py."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(visiting, "FORMS_PER_NETWORK", 10**6)
        patch.setattr(visiting, "FORMS_PER_SESSION", 10**6)
        patch.setattr(visiting, "LETTERS_UNPROVED", 10**6)
        yield


HOSTILE = {
    "long": "é" * 10_000,
    "nul": "Ana\0ïs",
    "bell": "Ana\x07ïs",
    "escape": "\x1b[31mAnaïs",
    "delete": "Ana\x7fïs",
    "C1 control": "Ana\x9bïs",
    "line feed": "Anaïs\nBcc: tous@ailleurs.example",
    "carriage return": "Anaïs\r\nBcc: tous@ailleurs.example\r\n\r\nAchetez !",
    "next line": "Anaïs\x85Bcc: tous@ailleurs.example",
    "line separator": "Anaïs\u2028Bcc: tous@ailleurs.example",
    "encoded line break": "Anaïs%0d%0aBcc: tous@ailleurs.example",
    "encoded word": "=?utf-8?q?Ana=0D=0ABcc:_tous@ailleurs.example?=",
    "script": "<script>alert(1)</script>",
    "attribute": "\"><img src=x onerror='alert(1)'>",
    "textarea": "</textarea></title><svg onload=alert(1)>",
    "entity": "&lt;script&gt;&#x3c;script&#x3e;",
    "template": "{{ settings.SECRET_KEY }}{% debug %}",
    "link": "https://ailleurs.example/ javascript:alert(1)",
    "right to left": "Ana\u202eexe.fdp",
    "isolate": "\u2066Anaïs\u2069",
    "zero width": "Ana\u200bïs",
    "word joiner": "Ana\u2060ïs",
    "byte order mark": "\ufeffAnaïs",
    "soft hyphen": "Ana\u00adïs",
    "tag characters": "Ana\U000e0041\U000e0042ïs",
    "not a character": "Ana\uffffïs",
    "replacement": "Ana\ufffdïs",
    "private use": "Ana\ue000ïs",
    "last code point": "\U0010fffd",
    "stacked accents": "Z" + "\u0335\u0348\u0353" * 20,
    "emoji": "👩‍🌾🏳️‍🌈🇫🇷👍🏽",
    "lower case changes length": "İstanbul@İ.example",
    "spaces": "\u3000 \t\u00a0",
    "formula": "=cmd|' /C calc'!A0",
    "query": "' OR 1=1; DROP TABLE sessions_app_registration; --",
    "path": "../../../../etc/passwd",
    "number": "9" * 400,
    "two addresses": "anais@vallee.example,tous@ailleurs.example",
    "named address": '"<script>"@vallee.example',
    "bracketed address": "Anaïs <anais@vallee.example>",
    "punycode": "anais@xn--invalid-.example",
}
