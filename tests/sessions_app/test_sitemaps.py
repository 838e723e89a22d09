"""The site map: the public pages, and no draft nor private page."""

import re

import pytest
from django.test import Client

from tests.factories import make_session
from tests.support.announced import open_session, registered


@pytest.mark.django_db
def test_sitemap_lists_public_pages_only(client: Client) -> None:
    open_session(slug="animer")
    make_session(slug="brouillon", status="draft")
    registered(open_session(slug="reunir"))
    response = client.get("/sitemap.xml")
    assert response.headers["Content-Type"] == "application/xml"
    paths = re.findall(r"<loc>https?://testserver(/[^<]*)</loc>", response.content.decode())
    assert sorted(paths) == [
        "/",
        "/accessibilite/",
        "/cotisation/",
        "/donnees-personnelles/",
        "/mentions-legales/",
        "/sessions/animer/",
        "/sessions/reunir/",
    ]
