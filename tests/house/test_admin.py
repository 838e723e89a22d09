"""The organisation in the admin: what is typed in it, and the logo it is given."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from caprural.house.models import Organisation
from tests.factories import make_staff
from tests.support import pages
from tests.support.office import complaints, send, signed_in
from tests.support.pictures import bomb, picture, upload

pytestmark = pytest.mark.django_db

LIST = "/admin/house/organisation/"
PAGE = f"{LIST}1/change/"
NOT_AN_IMAGE = [
    "Ce fichier n’est pas une image PNG ou JPEG lisible : enregistrez le logo dans l’un de ces deux formats, puis "
    "recommencez."
]
TOO_HEAVY = ["Cette image est trop lourde : choisissez-en une d’un mégaoctet et de 4000 pixels de côté au plus."]


@pytest.fixture
def coordination(settings: Settings, tmp_path: Path) -> Client:
    settings.MEDIA_ROOT = tmp_path
    Organisation.objects.create(pk=1, name="Centre de ressources")
    return signed_in(make_staff(group="Coordination"))


def kept(folder: Path) -> list[str]:
    """The files that were uploaded and are still there."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


class TestOrganisation:
    """One row, always there: its list is its page."""

    def test_described_once(self, coordination: Client) -> None:
        Organisation.objects.all().delete()

        send(coordination, f"{LIST}add/", name="Centre de ressources")

        assert list(Organisation.objects.values_list("pk", "name")) == [(1, "Centre de ressources")]
        assert coordination.get(f"{LIST}add/").status_code == 403
        assert coordination.get(LIST).headers["Location"] == PAGE

    def test_corrected(self, coordination: Client) -> None:
        send(coordination, PAGE, cheque_payee="Centre de ressources")

        assert Organisation.current().cheque_payee == "Centre de ressources"

    def test_never_deleted(self, coordination: Client) -> None:
        assert coordination.post(f"{LIST}1/delete/", {"post": "yes"}).status_code == 302
        assert Organisation.objects.exists()


class TestWhatIsTyped:
    def test_codes_with_their_spaces(self, coordination: Client) -> None:
        send(
            coordination,
            PAGE,
            siret="732 829 320 00074",
            iban="fr76 3000 6000 0112 3456 7890 189",
            bic="agrifrpp xxx",
            chorus_pro="Déposé sur Chorus Pro.\nIndiquez votre code service.",
        )

        saved = Organisation.current()
        assert (saved.siret, saved.iban, saved.bic) == (
            "73282932000074",
            "FR7630006000011234567890189",
            "AGRIFRPPXXX",
        )
        assert saved.chorus_pro.splitlines() == ["Déposé sur Chorus Pro.", "Indiquez votre code service."]

    @pytest.mark.parametrize(
        ("field", "typed", "sentence"),
        [
            (
                "siret",
                "732 829 320 00075",
                "Ce numéro SIRET n’est pas valide : vérifiez ses quatorze chiffres.",
            ),
            (
                "iban",
                "FR76 3000 6000 0112 3456 7890 188",
                "Cet IBAN n’est pas valide : recopiez-le depuis le relevé d’identité bancaire.",
            ),
            ("bic", "AGRIFRP", "Ce BIC n’est pas valide : il compte huit ou onze lettres et chiffres."),
        ],
    )
    def test_a_wrong_key_is_said_and_nothing_is_lost(
        self, coordination: Client, field: str, typed: str, sentence: str
    ) -> None:
        page = send(coordination, PAGE, name="Autre nom", **{field: typed})

        assert complaints(page) == [sentence]
        assert pages.by_id(pages.tree(page), "id_name").get("value") == "Autre nom"
        assert Organisation.current().name == "Centre de ressources"


class TestLogo:
    @pytest.mark.parametrize(("kind", "name"), [("PNG", "logo.png"), ("JPEG", "logo.jpeg"), ("JPEG", "LOGO.JPG")])
    def test_accepted(self, coordination: Client, kind: str, name: str) -> None:
        send(coordination, PAGE, logo=upload(picture(kind), name))

        assert Organisation.current().logo_content() == picture(kind)

    @pytest.mark.parametrize(
        "file",
        [
            upload(b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "logo.svg"),
            upload(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "logo.png"),
            upload(b"Ceci est un texte.", "logo.png"),
            upload(b"", "logo.png"),
            upload(picture("GIF"), "logo.gif"),
            upload(picture("GIF"), "logo.png"),
            upload(picture("WEBP"), "logo.png"),
            upload(picture()[:40], "logo.png"),
            # More than Pillow agrees to open.
            upload(bomb(60_000, 60_000), "logo.png"),
        ],
        ids=("svg", "svg.png", "text.png", "empty", "gif", "gif.png", "webp.png", "cut short", "bomb"),
    )
    def test_refused_with_a_sentence(self, coordination: Client, file: SimpleUploadedFile, tmp_path: Path) -> None:
        page = send(coordination, PAGE, name="Autre nom", logo=file)

        assert complaints(page) == NOT_AN_IMAGE
        assert pages.by_id(pages.tree(page), "id_name").get("value") == "Autre nom"
        assert (kept(tmp_path), Organisation.current().name) == ([], "Centre de ressources")

    @pytest.mark.parametrize("content", [bomb(4001, 10), bomb(10, 4001), picture() + bytes(1_000_000)])
    def test_too_heavy(self, coordination: Client, content: bytes, tmp_path: Path) -> None:
        assert complaints(send(coordination, PAGE, logo=upload(content))) == TOO_HEAVY
        assert kept(tmp_path) == []

    @pytest.mark.parametrize("content", [picture(size=(4000, 4)), picture() + bytes(1_000_000 - len(picture()))])
    def test_as_heavy_as_can_be(self, coordination: Client, content: bytes) -> None:
        send(coordination, PAGE, logo=upload(content))

        assert Organisation.current().logo_content() == content

    def test_is_shown_on_its_page(self, coordination: Client) -> None:
        send(coordination, PAGE, logo=upload(picture()))

        field = pages.one(pages.tree(coordination.get(PAGE)), ".//p[@class='file-upload']")

        address = Organisation.current().logo_url
        assert pages.one(field, "./a").get("href") == address
        assert pages.one(field, "./a/img").get("src") == address
        assert coordination.get(address).content == picture()

    def test_replaced(self, coordination: Client, tmp_path: Path, django_capture_on_commit_callbacks: Any) -> None:
        send(coordination, PAGE, logo=upload(picture(), "ancien.png"))
        with django_capture_on_commit_callbacks(execute=True):
            send(coordination, PAGE, logo=upload(picture("JPEG"), "nouveau.jpg"))

        assert Organisation.current().logo_content() == picture("JPEG")
        assert kept(tmp_path) == ["nouveau.jpg"]

    def test_kept_when_the_rest_is_edited(
        self, coordination: Client, tmp_path: Path, django_capture_on_commit_callbacks: Any
    ) -> None:
        send(coordination, PAGE, logo=upload(picture()))
        with django_capture_on_commit_callbacks(execute=True):
            send(coordination, PAGE, name="Autre nom")

        assert (Organisation.current().name, kept(tmp_path)) == ("Autre nom", ["logo.png"])

    def test_removed(self, coordination: Client, tmp_path: Path, django_capture_on_commit_callbacks: Any) -> None:
        send(coordination, PAGE, logo=upload(picture()))
        with django_capture_on_commit_callbacks(execute=True):
            send(coordination, PAGE, **{"logo-clear": "on"})

        assert (Organisation.current().logo_url, kept(tmp_path)) == ("", [])


def test_trainers_see_nothing_of_it(settings: Settings) -> None:
    Organisation.objects.create(pk=1, name="Centre de ressources")

    assert signed_in(make_staff(group="Formateurs")).get(PAGE).status_code == 403


def test_the_admin_bears_its_name(client: Client) -> None:
    assert pages.text(pages.one(pages.tree(client.get("/admin/login/")), ".//title")).endswith("| Centre de ressources")
    Organisation.objects.create(pk=1, name="Réseau <des> Monts")

    for page in (client.get("/admin/login/"), signed_in(make_staff(group="Coordination")).get("/admin/")):
        assert pages.text(pages.one(pages.tree(page), ".//title")).endswith("| Réseau <des> Monts")
        assert "Réseau <des> Monts – équipe" in pages.text(pages.tree(page))
