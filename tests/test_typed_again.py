"""What was typed comes back when it could not be sent, and is never obeyed by itself."""

from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from caprural import signing_in
from caprural.house.models import Organisation
from caprural.mailing.models import Message
from members.models import Application, SpreadsheetImport
from sessions_app import roles
from sessions_app.models import Registration, StatusChange, TrainingSession
from tests.factories import make_campaign, make_category, make_fee, make_member, make_staff, make_trainer
from tests.support import pages
from tests.support.announced import open_session, registered, today
from tests.support.office import complaints, notices, send, signed_in, typed

pytestmark = pytest.mark.django_db

SAID = "Rien n’a encore été enregistré : la page était ouverte depuis trop longtemps"
TYPED = {
    "first_name": "Élise <b>",
    "last_name": "Martin",
    "email": "elise@structure.example",
    "organisation": "Commune d’Exemple",
    "job_title": "Adjointe",
    "profile": "technician",
    "submission_key": "3b241101-e2bb-4255-8caf-4136c566a962",
}


@pytest.fixture
def visitor() -> Client:
    return Client(enforce_csrf_checks=True)


def fields(page: Any) -> dict[str, str]:
    """What the page's form holds."""
    found = {field.get("name", ""): field.get("value", "") for field in pages.tree(page).iter("input")}
    for select in pages.tree(page).iter("select"):
        found[select.get("name", "")] = "".join(
            o.get("value", "") for o in select.iter("option") if "selected" in o.attrib
        )
    return found


class TestPublicForms:
    @pytest.mark.parametrize("has_cookie", [True, False])
    def test_registering(self, visitor: Client, has_cookie: bool) -> None:
        path = f"{open_session().get_absolute_url()}inscription/"
        if has_cookie:
            visitor.get(path)
        before = pages.rows()

        page = visitor.post(path, {**TYPED, "csrfmiddlewaretoken": "a" * 64})

        assert (page.status_code, pages.rows()) == (403, before)
        assert pages.main(page).startswith(SAID)
        held = fields(page)
        assert {name: held[name] for name in TYPED} == TYPED
        answer = visitor.post(
            path, {**TYPED, "first_name": "Élise", "csrfmiddlewaretoken": held["csrfmiddlewaretoken"]}
        )
        assert (answer.status_code, Registration.objects.count()) == (302, 1)

    def test_adhering_with_its_lines(self, visitor: Client) -> None:
        category = make_category(campaign=make_campaign(year=today().year))
        lines = {f"personnes-{n}-email": f"p{n}@structure.example" for n in range(5)}
        sent = {
            "category": category.pk,
            "name": "Asso",
            **lines,
            "personnes-TOTAL_FORMS": 5,
            "personnes-INITIAL_FORMS": 0,
        }

        page = visitor.post("/cotisation/adherer/", sent)

        assert (page.status_code, Application.objects.count()) == (403, 0)
        held = fields(page)
        assert (held["name"], held["personnes-TOTAL_FORMS"]) == ("Asso", "5")
        assert {name: held[name] for name in lines} == lines
        assert pages.main(page).startswith(SAID)

    def test_behind_a_private_link(self, visitor: Client) -> None:
        registration = registered(open_session())
        for below, name in (("coordonnees/", "first_name"), ("remplacer/", "email")):
            page = visitor.post(f"/inscriptions/{registration.token}/{below}", {name: "autre@structure.example"})
            assert (page.status_code, fields(page)[name]) == (403, "autre@structure.example")
        page = visitor.post(f"/inscriptions/{registration.token}/annuler/")
        assert (page.status_code, pages.main(page).startswith(SAID)) == (403, True)
        registration.refresh_from_db()
        assert registration.status == "confirmed"

    @pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://ailleurs.example"}])
    def test_what_comes_from_another_site_is_not_shown(self, visitor: Client, headers: dict[str, str]) -> None:
        page = visitor.post(f"{open_session().get_absolute_url()}inscription/", TYPED, headers=headers)
        assert page.status_code == 403
        assert b"elise" not in page.content

    def test_a_page_without_form_says_how_to_send_again(self, visitor: Client) -> None:
        page = visitor.post("/robots.txt")
        assert (page.status_code, "Rien n’a été enregistré" in pages.main(page)) == (403, True)


class TestTheTeam:
    LOGIN = {"username": "camille", "password": "mot-de-passe"}

    @pytest.fixture
    def client(self) -> Client:
        make_staff(group=roles.COORDINATION, username="camille")
        make_staff(group=roles.COORDINATION, username="alix")
        client = Client()
        client.post("/admin/login/", self.LOGIN)
        return client

    @pytest.fixture
    def path(self) -> str:
        session = open_session(title="Avant", trainers=(make_trainer(),))
        return f"/admin/sessions_app/trainingsession/{session.pk}/change/"

    def test_protection_too_old(self, path: str) -> None:
        client = signed_in(make_staff(group=roles.COORDINATION))
        form = {**typed(client.get(path)), "title": "Après", "days-0-place": "Vogüé"}
        client.handler.enforce_csrf_checks = True

        page = client.post(path, {**form, "csrfmiddlewaretoken": "a" * 64})

        assert complaints(page)[0].startswith(SAID)
        assert (fields(page)["title"], fields(page)["days-0-place"]) == ("Après", "Vogüé")
        assert TrainingSession.objects.get().title == "Avant"

    ACTS: ClassVar[dict[str, dict[str, str]]] = {
        "sessions_app/trainingsession/{session}/dupliquer/": {"first_on": str(today(90))},
        "sessions_app/trainingsession/{session}/reporter/": {"first_on": str(today(90))},
        "sessions_app/trainingsession/{session}/inscrire/": {**TYPED, "reason": "par téléphone"},
        "sessions_app/trainingsession/{session}/ecrire/": {"subject": "Covoiturage"},
        "sessions_app/registration/{person}/annuler/": {"reason": "malade"},
        "sessions_app/registration/{person}/adresse/": {"email": "autre@structure.example"},
        "sessions_app/registration/{person}/prolonger/": {"until": str(today(20))},
        "sessions_app/registration/{person}/rattacher/": {"q": "Pays", "member": "{member}"},
        "sessions_app/registration/{person}/creer-le-cotisant/": {"name": "Pays", "email": "a@pays.example"},
        "sessions_app/registration/{person}/cotisation/": {
            "new_member": "Pays",
            "reference": "VIR 17",
            "category": "{category}",
        },
        "members/membershipfee/{fee}/annuler/": {"reason": "chèque rejeté"},
        "members/membershipfee/enregistrer/": {"reference": "VIR 17", "cotisant": "{member}"},
        "members/spreadsheetimport/add/": {"kind": "fees"},
    }

    def world(self, act: str) -> tuple[dict[str, int], dict[str, str]]:
        """What the act is about, and what is sent."""
        category = make_category(campaign=make_campaign(year=today(60).year))
        person = registered(open_session(fee_required=True))
        fee = make_fee(make_member(), category=category)
        names = {
            "session": person.session_id,
            "person": person.pk,
            "fee": fee.pk,
            "member": fee.member_id,
            "category": category.pk,
        }
        return names, {name: value.format(**names) for name, value in self.ACTS[act].items()}

    @pytest.mark.parametrize("act", ACTS)
    def test_an_act_is_not_obeyed_and_comes_back_filled(self, act: str) -> None:
        names, sent = self.world(act)
        client = signed_in(make_staff(group=roles.COORDINATION))
        client.handler.enforce_csrf_checks = True
        before = pages.rows()

        page = client.post(f"/admin/{act.format(**names)}", {**sent, "csrfmiddlewaretoken": "a" * 64})

        assert (page.status_code, pages.rows()) == (403, before)
        assert notices(page)[0].startswith(SAID)
        held = fields(page)
        assert {name: held.get(name) for name in sent} == sent

    def test_a_file_is_not_applied(self) -> None:
        """The button of an import that waits to be applied."""
        client = signed_in(make_staff(group=roles.COORDINATION))
        send(
            client,
            "/admin/members/spreadsheetimport/add/",
            kind="members",
            file=SimpleUploadedFile("a.csv", b"Nom\nPays"),
        )
        ready = SpreadsheetImport.objects.get()
        path = f"/admin/members/spreadsheetimport/{ready.pk}/change/"
        client.handler.enforce_csrf_checks = True
        before = pages.rows()

        page = client.post(path, {"previewed": ready.fingerprint, "csrfmiddlewaretoken": "a" * 64})

        assert (ready.status, page.status_code, pages.rows()) == ("ready", 403, before)

    def sent_signed_out(self, client: Client, path: str, **changes: Any) -> Any:
        form = {**typed(client.get(path)), "title": "Après", **changes}
        client.post("/admin/logout/")
        return client.post(path, form, follow=True)

    def test_signed_out_meanwhile(self, client: Client, path: str) -> None:
        login = self.sent_signed_out(client, path)
        assert "n’a pas été enregistré. Connectez-vous : le formulaire reviendra rempli" in pages.text(
            pages.tree(login)
        )

        page = client.post(login.request["PATH_INFO"] + "?" + login.request["QUERY_STRING"], self.LOGIN, follow=True)

        assert (page.status_code, fields(page)["title"]) == (200, "Après")
        assert complaints(page)[0].startswith(SAID)
        assert TrainingSession.objects.get().title == "Avant"
        assert fields(client.get(path))["title"] == "Avant", "once"
        assert fields(page)["days-TOTAL_FORMS"] == "1"
        answer = client.post(path, typed(page), follow=True)
        assert complaints(answer) == []
        assert TrainingSession.objects.get().title == "Après"

    def test_somebody_else_signs_in(self, client: Client, path: str) -> None:
        self.sent_signed_out(client, path)
        page = client.post(f"/admin/login/?next={path}", {**self.LOGIN, "username": "alix"}, follow=True)
        assert fields(page)["title"] == "Avant"
        assert notices(page) == [signing_in.LOST.replace("\u00a0", " ")]

    def test_too_late(self, client: Client, path: str) -> None:
        self.sent_signed_out(client, path)
        session = client.session
        session[signing_in.KEPT] |= {"until": (timezone.now() - timedelta(seconds=1)).timestamp()}
        session.save()
        page = client.post(f"/admin/login/?next={path}", self.LOGIN, follow=True)
        assert fields(page)["title"] == "Avant"

    def test_neither_files_nor_passwords_are_kept(self, client: Client) -> None:
        path = "/admin/house/organisation/add/"
        whose = typed(client.get(path))[signing_in.OWNER]
        client.post("/admin/logout/")
        logo = SimpleUploadedFile("logo.png", b"\x89PNG secret")
        client.post(path, {"name": "Pays", "logo": logo, "new_password": "secret", signing_in.OWNER: whose})
        assert client.session[signing_in.KEPT]["sent"] == "name=Pays"
        page = client.post(f"/admin/login/?next={path}", self.LOGIN, follow=True)
        assert fields(page)["name"] == "Pays"
        assert not Organisation.objects.exists()

    @pytest.mark.parametrize("whose", ["", "1", "1:forged"])
    def test_strangers_fill_no_session(self, path: str, whose: str) -> None:
        answer = Client().post(path, {"title": "Après", signing_in.OWNER: whose})
        assert (answer.status_code, "sessionid" in answer.cookies) == (302, False)

    @pytest.mark.parametrize("act", list(ACTS)[:7])
    def test_an_act_signed_out_comes_back_filled(self, client: Client, act: str) -> None:
        names, sent = self.world(act)
        path = f"/admin/{act.format(**names)}"
        whose = typed(client.get(path))[signing_in.OWNER]
        client.post("/admin/logout/")
        before = Message.objects.count(), StatusChange.objects.count(), TrainingSession.objects.count()
        client.post(path, {**sent, signing_in.OWNER: whose})

        page = client.post(f"/admin/login/?next={path}", self.LOGIN, follow=True)

        assert notices(page)[0].startswith(SAID)
        held = fields(page)
        assert {name: held.get(name) for name in sent} == sent
        assert (Message.objects.count(), StatusChange.objects.count(), TrainingSession.objects.count()) == before
        assert fields(client.get(path)) != held, "once"

    @pytest.mark.parametrize("protection", ["there", "too old"])
    def test_an_act_signed_out_is_said_to_be_lost(self, client: Client, protection: str) -> None:
        client.post("/admin/logout/")
        client.handler.enforce_csrf_checks = protection == "too old"
        login = client.post("/admin/members/membershipfee/enregistrer/", {"reference": "VIR 17"}, follow=True)
        said = pages.text(pages.tree(login))
        assert "ce que vous venez d’envoyer n’a pas été enregistré." in said
        assert "le formulaire reviendra" not in said
        assert "n’a pas été enregistré" not in pages.text(pages.tree(client.get("/admin/login/")))
