"""The messages in the admin: what was written, and its files, made when asked for."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from caprural.mailing import documents
from caprural.mailing.models import Message
from members.models import MembershipFee
from sessions_app import roles
from tests.factories import make_application, make_fee, make_member, make_registration, make_session, make_staff
from tests.support.office import signed_in
from tests.support.pages import links, tree

pytestmark = pytest.mark.django_db


@pytest.fixture
def made() -> Iterator[list[str]]:
    """Keys of the documents made during the test."""
    keys: list[str] = []

    def make(key: str) -> documents.Attachment | None:
        keys.append(key)
        return None if key == "gone" else documents.Attachment(f"{key}.txt", key.encode(), "text/plain")

    documents.attachment("document", "le document")(make)
    yield keys
    documents._makers.pop("document")
    documents._labels.pop("document")


@pytest.fixture
def client() -> Client:
    return signed_in(make_staff(group=roles.COORDINATION, is_superuser=True))


def test_the_page_makes_no_file_and_each_link_makes_its_own(client: Client, made: list[str]) -> None:
    make_registration(make_session())
    email = Message.objects.get()
    email.documents = [["document", "one"], ["document", "gone"]]
    email.save(update_fields=["documents"])
    path = f"/admin/mailing/message/{email.pk}/"

    page = client.get(f"{path}change/")
    answers: list[Any] = [client.get(f"{path}fichiers/{number}/") for number in range(3)]

    assert page.content.decode().count(">le document</a>") == 2
    assert [answer.status_code for answer in answers] == [200, 404, 404]
    assert answers[0].content == b"one"
    assert made == ["one", "gone"]


def test_it_leads_to_what_it_is_about(client: Client) -> None:
    """B4: from a message that could not leave to the person whose address is wrong."""
    person, form = make_registration(make_session()), make_application()
    make_fee(make_member(email="tresor@collines.example"))
    expected = {
        person.email: f"/admin/sessions_app/registration/{person.pk}/change/",
        form.email: f"/admin/members/application/{form.pk}/change/",
        "tresor@collines.example": f"/admin/members/membershipfee/{MembershipFee.objects.get().pk}/change/",
    }

    for email in Message.objects.all():
        page = client.get(f"/admin/mailing/message/{email.pk}/change/")
        assert expected.pop(email.to) in links(tree(page)).values()
    assert expected == {}


def test_what_says_nothing_any_more_is_not_listed(client: Client) -> None:
    Message.objects.create(about=make_session(), kind="membership_reminder", state=Message.State.POSTED)
    registration = make_registration(make_session())

    page = client.get("/admin/mailing/message/")

    assert page.context["cl"].result_count == 1
    assert registration.email in page.content.decode()


def test_no_page_of_it_gives_the_private_link(client: Client) -> None:
    """R9: one opens a person's own page by an act that the history keeps."""
    registration = make_registration(make_session())
    Message.objects.update(state=Message.State.SENT)
    path = f"/admin/mailing/message/{registration.messages.get().pk}/"

    pages = [client.get(f"{path}{page}/").content.decode() for page in ("change", "html", "renvoyer")]

    assert ["/inscriptions/…/" in page for page in pages] == [True, True, True]
    assert not any(registration.token in page for page in pages)


def test_the_page_of_a_form_has_its_letters(client: Client) -> None:
    form = make_application()

    page = tree(client.get(f"/admin/members/application/{form.pk}/change/"))

    assert f"/admin/mailing/message/{form.messages.get().pk}/change/" in links(page).values()


@pytest.mark.parametrize("forged", ["text__contains=inscriptions", "text__regex=(", "id__range=1", f"id__in={10**30}"])
def test_no_word_of_a_letter_is_guessed_from_the_address_bar(client: Client, forged: str) -> None:
    """R9: a private link neither, letter by letter; nor is there an error of the server."""
    make_registration(make_session())

    assert client.get(f"/admin/mailing/message/?{forged}").status_code == 400
