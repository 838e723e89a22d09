"""The organisation's logo: at the head of every page, and behind an address of its own."""

from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from caprural.house.models import Organisation
from tests import pages
from tests.pictures import give_logo, picture

pytestmark = pytest.mark.django_db

LOGO = "/organisme/logo"


@pytest.mark.parametrize(("kind", "name", "expected"), [("PNG", "a.png", "image/png"), ("JPEG", "b.jpg", "image/jpeg")])
def test_is_served_as_what_it_is(
    client: Client, settings: Settings, tmp_path: Path, kind: str, name: str, expected: str
) -> None:
    give_logo(settings, tmp_path, picture(kind), name)

    response = client.get(LOGO)

    assert (response.status_code, response.content) == (200, picture(kind))
    assert response.headers["Content-Type"] == expected
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "public, max-age=300"
    assert not response.cookies


def test_its_type_is_never_that_of_its_name(client: Client, settings: Settings, tmp_path: Path) -> None:
    give_logo(settings, tmp_path, picture("JPEG"), "logo.png")

    assert client.get(LOGO).headers["Content-Type"] == "image/jpeg"


@pytest.mark.parametrize("content", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<script>alert(1)</script>", b""])
def test_what_is_not_an_image_is_not_served(client: Client, settings: Settings, tmp_path: Path, content: bytes) -> None:
    """However it came into the folder."""
    organisation = give_logo(settings, tmp_path, picture())
    Path(organisation.logo.path).write_bytes(content)

    assert client.get(LOGO).status_code == 404
    assert Organisation.current().logo_uri == ""


def test_is_fetched_again_only_when_it_changed(client: Client, settings: Settings, tmp_path: Path) -> None:
    give_logo(settings, tmp_path, picture())
    etag = client.get(LOGO).headers["ETag"]

    same = client.get(LOGO, headers={"If-None-Match": etag})
    give_logo(settings, tmp_path, picture(colour="#8a4518"))
    other = client.get(LOGO, headers={"If-None-Match": etag})

    assert (same.status_code, same.content) == (304, b"")
    assert (other.status_code, other.content) == (200, picture(colour="#8a4518"))


def test_without_logo_or_without_its_file(client: Client, settings: Settings, tmp_path: Path) -> None:
    assert client.get(LOGO).status_code == 404
    organisation = give_logo(settings, tmp_path, picture())
    Path(organisation.logo.path).unlink()

    assert client.get(LOGO).status_code == 404
    assert Organisation.current().logo_uri == ""
    pages.assert_sound(client.get("/cotisation/"))


def test_stands_at_the_head_of_every_page(client: Client, settings: Settings, tmp_path: Path) -> None:
    header = ".//header[@class='site-header']//img"
    assert pages.tree(client.get("/")).findall(header) == []
    organisation = give_logo(settings, tmp_path, picture(), "été & co.png")

    for path in ("/", "/cotisation/", "/mentions-legales/", "/nulle-part"):
        image = pages.one(pages.tree(client.get(path)), header)
        assert (image.get("src"), image.get("alt")) == (organisation.logo_url, "")
    assert client.get(organisation.logo_url).content == picture()
    assert organisation.logo_url.isascii()


def test_methods(client: Client) -> None:
    assert client.post(LOGO).status_code == 405
