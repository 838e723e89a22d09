"""The pages of the site itself."""

from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from caprural import typography
from caprural.house.models import Heartbeat, Organisation
from caprural.limits.models import Spending
from tests.factories import paris
from tests.support import pages
from tests.support.outages import database_is_down, disk_is_full
from tests.support.pictures import give_logo, picture
from tests.support.visitors import LEGAL

pytestmark = pytest.mark.django_db

LOGO = "/organisme/logo"


@pytest.fixture
def organisation() -> Organisation:
    return Organisation.objects.create(
        pk=1,
        name="Pays & Paysages",
        legal_form="association loi 1901",
        address="2 rue des <Prés>\n69700 Givors",
        phone="0478000000",
        email="bonjour@pays.example",
        privacy_email="donnees@pays.example",
        siret="73282932000074",
        publication_director="Dominique Martin",
        hosting="Hébergeur Exemple\n1 quai du Serveur, Lyon",
    )


class TestHealthz:
    def test_all_is_well(self, client: Client) -> None:
        response = client.get("/healthz")
        assert (response.status_code, response.content.decode()) == (200, "ok\nprocessus d’envoi vu\u00a0: jamais\n")
        assert "no-store" in response.headers["Cache-Control"]
        assert response.cookies == {}

    def test_says_when_a_worker_was_last_seen(self, client: Client) -> None:
        for worker, minute in (("ancien", 10), ("nouveau", 20)):
            Heartbeat.objects.create(worker=worker, seen_at=paris(2017, 3, 1, 9, minute))
        said = client.get("/healthz").content.decode()
        assert said == f"ok\nprocessus d’envoi vu\u00a0: {typography.moment(paris(2017, 3, 1, 9, 20))}\n"

    def test_a_migration_is_missing(self, client: Client) -> None:
        MigrationRecorder(connection).record_unapplied("sessions_app", "0002_life_of_a_registration")
        response = client.get("/healthz")
        assert (response.status_code, response.content.decode()) == (503, "migrations en attente\n")

    def test_the_database_does_not_answer(self, client: Client) -> None:
        with connection.execute_wrapper(database_is_down):
            response = client.get("/healthz")
        assert (response.status_code, response.content.decode()) == (503, "base de données injoignable\n")

    def test_the_disk_is_full(self, client: Client) -> None:
        with connection.execute_wrapper(disk_is_full):
            response = client.get("/healthz")
        said = response.content.decode()
        assert (response.status_code, said) == (503, "base de données pleine ou en lecture seule\n")

    def test_costs_four_queries_then_does_not_write_again_at_once(self, client: Client) -> None:
        assert client.get("/healthz").status_code == 200
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/healthz").status_code == 200
        said = [
            query["sql"].split()[0] for query in queries.captured_queries if "django_migrations" not in query["sql"]
        ]
        assert "INSERT" not in said
        assert len(queries.captured_queries) <= 6
        Spending.objects.update(until=timezone.now())
        with connection.execute_wrapper(disk_is_full):
            assert client.get("/healthz").status_code == 503

    def test_methods(self, client: Client) -> None:
        assert client.head("/healthz").status_code == 200
        assert client.post("/healthz").status_code == 405


class TestRobots:
    def test_private_pages_and_admin_are_not_for_robots(self, client: Client) -> None:
        response = client.get("/robots.txt")
        assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert response.content.decode().splitlines() == [
            "User-agent: *",
            "Disallow: /inscriptions/",
            "Disallow: /cotisation/bulletins/",
            "Disallow: /cotisation/appels/",
            "Disallow: /cotisation/recus/",
            "Disallow: /admin/",
            "Sitemap: https://inscriptions.caprural.example/sitemap.xml",
        ]


class TestLegalPages:
    @pytest.mark.parametrize(("path", "template", "title"), [(path, *page) for path, page in LEGAL.items()])
    def test_page(self, client: Client, organisation: Organisation, path: str, template: str, title: str) -> None:
        before = pages.rows()
        response = client.get(path)
        pages.assert_sound(response)
        assert template in [used.name for used in response.templates]
        assert pages.text(pages.one(pages.tree(response), ".//h1")) == title
        assert pages.rows() == before

    @pytest.mark.parametrize("path", LEGAL)
    def test_without_anything_known_of_the_organisation(self, client: Client, path: str) -> None:
        assert not Organisation.objects.exists()
        response = client.get(path)
        pages.assert_sound(response)
        assert "Centre de ressources" in pages.main(response)
        assert "None" not in pages.main(response)

    @pytest.mark.parametrize("path", LEGAL)
    def test_methods(self, client: Client, path: str) -> None:
        assert client.head(path).status_code == 200
        assert client.post(path).status_code == 405

    def test_legal_notice_says_whom_to_contact_and_where(self, client: Client, organisation: Organisation) -> None:
        Organisation.objects.update(contact_name="Alix <Accueil>", website="https://monts.example/")

        response = client.get("/mentions-legales/")

        assert "Contact : Alix <Accueil>" in pages.main(response)
        main = pages.one(pages.tree(response), ".//main")
        assert pages.links(main)["https://monts.example/"] == "https://monts.example/"
        footer = pages.one(pages.tree(response), "./body/footer")
        assert "Alix <Accueil>" in pages.text(footer)

    def test_legal_notice_names_who_publishes_and_who_hosts(self, client: Client, organisation: Organisation) -> None:
        main = pages.main(client.get("/mentions-legales/"))
        for said in (
            "Pays & Paysages",
            "association loi 1901",
            "2 rue des <Prés>",
            "732 829 320 00074",
            "04 78 00 00 00",
            "bonjour@pays.example",
            "Dominique Martin",
            "Hébergeur Exemple",
        ):
            assert said in main

    def test_privacy_says_rights_and_durations(self, client: Client, organisation: Organisation) -> None:
        """R25, R26."""
        main = pages.main(client.get("/donnees-personnelles/"))
        for said in (
            "donnees@pays.example",
            "30 jours après la session",
            "6 ans",
            "10 ans",
            "CNIL",
            "csrftoken",
            "Aucun traceur",
        ):
            assert said in main


class TestLogo:
    """The organisation's logo: at the head of every page, and behind an address of its own."""

    @pytest.mark.parametrize(
        ("kind", "name", "expected"), [("PNG", "a.png", "image/png"), ("JPEG", "b.jpg", "image/jpeg")]
    )
    def test_is_served_as_what_it_is(
        self, client: Client, settings: Settings, tmp_path: Path, kind: str, name: str, expected: str
    ) -> None:
        give_logo(settings, tmp_path, picture(kind), name)

        response = client.get(LOGO)

        assert (response.status_code, response.content) == (200, picture(kind))
        assert response.headers["Content-Type"] == expected
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "public, max-age=300"
        assert not response.cookies

    def test_its_type_is_never_that_of_its_name(self, client: Client, settings: Settings, tmp_path: Path) -> None:
        give_logo(settings, tmp_path, picture("JPEG"), "logo.png")

        assert client.get(LOGO).headers["Content-Type"] == "image/jpeg"

    @pytest.mark.parametrize(
        "content", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<script>alert(1)</script>", b""]
    )
    def test_what_is_not_an_image_is_not_served(
        self, client: Client, settings: Settings, tmp_path: Path, content: bytes
    ) -> None:
        """However it came into the folder."""
        organisation = give_logo(settings, tmp_path, picture())
        Path(organisation.logo.path).write_bytes(content)

        assert client.get(LOGO).status_code == 404
        assert Organisation.current().logo_uri == ""

    def test_is_fetched_again_only_when_it_changed(self, client: Client, settings: Settings, tmp_path: Path) -> None:
        give_logo(settings, tmp_path, picture())
        etag = client.get(LOGO).headers["ETag"]

        same = client.get(LOGO, headers={"If-None-Match": etag})
        give_logo(settings, tmp_path, picture(colour="#8a4518"))
        other = client.get(LOGO, headers={"If-None-Match": etag})

        assert (same.status_code, same.content) == (304, b"")
        assert (other.status_code, other.content) == (200, picture(colour="#8a4518"))

    def test_without_logo_or_without_its_file(self, client: Client, settings: Settings, tmp_path: Path) -> None:
        assert client.get(LOGO).status_code == 404
        organisation = give_logo(settings, tmp_path, picture())
        Path(organisation.logo.path).unlink()

        assert client.get(LOGO).status_code == 404
        assert Organisation.current().logo_uri == ""
        pages.assert_sound(client.get("/cotisation/"))

    def test_stands_at_the_head_of_every_page(self, client: Client, settings: Settings, tmp_path: Path) -> None:
        header = ".//header[@class='site-header']//img"
        assert pages.tree(client.get("/")).findall(header) == []
        organisation = give_logo(settings, tmp_path, picture(), "été & co.png")

        for path in ("/", "/cotisation/", "/mentions-legales/", "/nulle-part"):
            image = pages.one(pages.tree(client.get(path)), header)
            assert (image.get("src"), image.get("alt")) == (organisation.logo_url, "")
        assert client.get(organisation.logo_url).content == picture()
        assert organisation.logo_url.isascii()

    def test_methods(self, client: Client) -> None:
        assert client.post(LOGO).status_code == 405
