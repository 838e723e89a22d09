"""C2: Django's sentences that speak of the machine are ours."""

import gettext
import re
from pathlib import Path

import django
import pytest
from django.test import Client
from django.utils.translation import gettext as translated

from tests.factories import make_registration, make_staff
from tests.support.announced import open_session, today
from tests.support.office import complaints, notices, send, signed_in
from tests.support.pages import main

CATALOGUE = Path("caprural/locale/fr/LC_MESSAGES/django.po")
SENTENCES = re.findall(r'^msgid "(.+)"\nmsgstr "(.+)"$', CATALOGUE.read_text(), re.MULTILINE)


@pytest.fixture(scope="module")
def stock() -> set[str]:
    """What Django itself says in French."""
    root = Path(django.__file__).parent
    folders = (root / "conf" / "locale", root / "contrib" / "admin" / "locale")
    catalogues = [gettext.translation("django", folder, ["fr"]) for folder in folders]
    return {key for catalogue in catalogues for key in catalogue._catalog}  # type: ignore[attr-defined]


@pytest.mark.parametrize(("english", "french"), SENTENCES)
def test_compiled_and_still_said_by_django(english: str, french: str, stock: set[str]) -> None:
    """The .mo is the .po's, and a new Django that changes its words is noticed."""
    english = english.replace('\\"', '"')
    assert translated(english) == french
    assert english in stock


MACHINE = re.compile(r"[Oo]bjet|\(e\)|\(s\)|Search|Ajouter session|avec succès|Ce champ est obligatoire")


@pytest.mark.django_db
def test_none_on_the_way() -> None:
    coordination = signed_in(make_staff(group="Coordination"))
    session = open_session(days=(today(60), today(61)))
    make_registration(session)
    here = f"/admin/sessions_app/trainingsession/{session.pk}/change/"

    twice = send(coordination, here, **{"days-1-date": today(60).isoformat()})
    saved = send(coordination, here, subtitle="entre acteurs")
    others = [
        coordination.get(path)
        for path in (
            "/admin/",
            "/admin/sessions_app/trainingsession/",
            "/admin/sessions_app/trainingsession/add/",
            here,
        )
    ]

    assert complaints(twice)[0].startswith("Deux lignes disent la même chose (")
    assert notices(saved) == [f"Modification enregistrée : « {session} »."]
    for page in (twice, saved, *others):
        assert MACHINE.findall(main(page) if page is not twice else " ".join(complaints(page))) == []
        assert 'alt="Search"' not in page.content.decode()


@pytest.mark.django_db
def test_a_wrong_password_says_what_to_do(client: Client) -> None:
    page = client.post("/admin/login/", {"username": "coordination", "password": "faux"})

    assert "Compte ou mot de passe inconnu" in main(page)
