"""What is answered when a request is refused."""

import pytest
from django.db import connection
from django.test import Client

from caprural.house.models import Organisation
from sessions_app import roles
from tests.factories import make_session, make_staff, make_trainer
from tests.support import pages
from tests.support.announced import today
from tests.support.outages import database_is_down
from tests.support.visitors import LEGAL

pytestmark = pytest.mark.django_db


class TestErrorPages:
    def test_404(self, client: Client) -> None:
        Organisation.objects.create(pk=1, name="Pays & Paysages", phone="0478000000")
        response = client.get("/nulle-part/")
        pages.assert_sound(response, status=404)
        root = pages.tree(response)
        assert pages.text(pages.one(root, ".//h1")) == "Cette page n’existe pas"
        assert pages.one(root, ".//meta[@name='robots']").get("content") == "noindex"
        assert pages.one(root, "./body/footer") is not None
        assert "04 78 00 00 00" in pages.main(response)

    @pytest.mark.parametrize("path", ["/nulle-part", "/%C3%A9t%C3%A9/", "/sessions/", "/inscriptions/", "/.git/config"])
    def test_other_404s(self, client: Client, path: str) -> None:
        pages.assert_sound(client.get(path), status=404)

    def test_missing_slash_is_added(self, client: Client) -> None:
        response = client.get("/cotisation?a=b")
        assert (response.status_code, response.headers["Location"]) == (301, "/cotisation/?a=b")

    def test_400(self, client: Client) -> None:
        response = client.get("/", headers={"host": "ailleurs.example"})
        pages.assert_sound(response, status=400)
        assert pages.text(pages.one(pages.tree(response), ".//h1")) == "Cette demande n’a pas pu être comprise"
        assert "ailleurs" not in response.content.decode()

    def test_403_for_a_form_that_cannot_be_verified(self) -> None:
        session = make_session(days=(today(60),), registration_deadline=None)
        before = pages.rows()
        response = Client(enforce_csrf_checks=True).post(
            f"{session.get_absolute_url()}inscription/", {"email": "a@b.fr"}, headers={"sec-fetch-site": "cross-site"}
        )
        pages.assert_sound(response, status=403)
        assert pages.text(pages.one(pages.tree(response), ".//h1")) == "Le formulaire n’a pas pu être vérifié"
        assert pages.rows() == before

    def test_403_for_a_page_of_the_team(self, client: Client) -> None:
        trainer = make_trainer(user=make_staff(group=roles.TRAINERS))
        session = make_session(trainers=(trainer,))
        client.force_login(trainer.user)
        response = client.get(f"/admin/sessions_app/trainingsession/{session.pk}/dupliquer/")
        assert response.status_code == 403
        assert pages.text(pages.one(pages.tree(response), ".//h1")) == "Cette page ne vous est pas ouverte"

    def test_500_comes_out_without_the_database(self) -> None:
        client = Client(raise_request_exception=False)
        with connection.execute_wrapper(database_is_down):
            response = client.get("/")
        pages.assert_sound(response, status=500)
        assert pages.text(pages.one(pages.tree(response), ".//h1")) == "Le site a rencontré une erreur"
        assert "server closed" not in response.content.decode()

    @pytest.mark.parametrize("path", ["/", "/nulle-part/", *LEGAL])
    def test_referrer_stays_at_home(self, client: Client, path: str) -> None:
        assert client.get(path).headers["Referrer-Policy"] == "same-origin"
