"""The page of whoever has just registered: this browser, two hours, and never the private link (R9)."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from caprural.mailing.models import Message
from members.models import Application, FeeCategory
from sessions_app import registering
from sessions_app.models import Registration, TrainingSession
from tests.factories import make_campaign, make_category, make_fee, make_member
from tests.support import pages
from tests.support.announced import open_session, registered, session_in, today
from tests.support.traces import folded, link_for, messages
from tests.support.visitors import form_url, heading, private_url, typed

pytestmark = pytest.mark.django_db

ADDRESS = "anais.leveque@vallee.example"


def come(client: Client, session: TrainingSession, **fields: str) -> str:
    """Register, and where the browser is sent."""
    response = client.post(form_url(session), typed(**{"email": ADDRESS, **fields}))
    assert response.status_code == 302
    return str(response.headers["Location"])


def older(**ago: int) -> None:
    """Registered that long ago."""
    Registration.objects.update(registered_at=timezone.now() - timedelta(**ago))


class TestWhatItSays:
    def test_a_seat_and_where_the_letter_went(self, client: Client) -> None:
        page = client.get(come(client, open_session()))

        pages.assert_sound(page)
        assert heading(page) == "Vous avez une place"
        assert f"Un message vient de partir à {ADDRESS}." in pages.main(page)
        assert "no-store" in page.headers["Cache-Control"]
        assert page.headers["X-Robots-Tag"] == "noindex"

    @pytest.mark.parametrize("follows", [True, False])
    def test_an_exact_address_is_promised_only_when_planned(self, client: Client, follows: bool) -> None:
        page = client.get(come(client, open_session(exact_address_follows=follows)))
        assert ("adresse exacte" in pages.main(page)) == follows

    @pytest.mark.parametrize("needs_fee", [True, False])
    def test_what_another_address_would_do_is_said_beforehand(self, client: Client, needs_fee: bool) -> None:
        """R7b."""
        category = make_category(campaign=make_campaign(year=today(60).year))
        make_fee(make_member(emails=(ADDRESS,)), category=category, now=timezone.now())
        page = client.get(come(client, open_session(fee_required=needs_fee)))
        assert heading(page) == "Vous avez une place"
        assert ("elle doit couvrir aussi la nouvelle adresse" in folded(pages.main(page))) == needs_fee

    def test_the_rank(self, client: Client) -> None:
        page = client.get(come(client, session_in("full")))
        assert heading(page) == "Vous êtes en liste d’attente, au rang 1"

    @pytest.mark.parametrize(("state", "needs_fee"), [("open", False), ("open", True), ("full", False)])
    def test_what_is_expected_in_the_same_words_as_the_letter(
        self, client: Client, state: str, needs_fee: bool
    ) -> None:
        where = come(client, session_in(state, fee_required=needs_fee))
        said = "nous dit que nos messages vous parviennent ; votre inscription est valable sans cela."

        assert [
            said in folded(words) for words in (pages.main(client.get(where)), Message.objects.latest("pk").text)
        ] == [True] * 2
        client.post(f"{link_for(ADDRESS)}adresse/")
        assert said not in folded(pages.main(client.get(where)))

    def test_the_token_is_nowhere(self, client: Client) -> None:
        """G2: neither in the page, its links, its redirects, nor the session."""
        session = open_session(fee_required=True)
        make_category(campaign=make_campaign(year=today(60).year))
        where = come(client, session)
        person = Registration.objects.get()
        answers: list[Any] = [client.get(where), client.get(f"{where}adherer/")]
        answers.append(client.post(where, {"email": "corrigee@vallee.example"}))
        answers.append(client.get(answers[-1].headers["Location"]))
        after = Registration.objects.get()
        seen = "".join(answer.content.decode() + str(answer.headers) for answer in answers) + str(dict(client.session))
        assert [token in seen for token in (person.token, after.token)] == [False, False]
        assert link_for("corrigee@vallee.example") == private_url(after)

    def test_the_links_are_behind_the_letter(self, client: Client) -> None:
        where = come(client, open_session())
        person = Registration.objects.get()
        found = pages.links(pages.one(pages.tree(client.get(where)), ".//main")).values()
        assert [link for link in found if link.startswith("/inscriptions/")] == []
        assert client.get(link_for(ADDRESS)).status_code == 200
        assert link_for(ADDRESS) == private_url(person)


class TestWhose:
    def test_another_browser(self, client: Client) -> None:
        where = come(client, open_session())
        stranger = Client()
        come(stranger, open_session(), email="autre@vallee.example")
        for other in (Client(), stranger):
            for below in ("", "adherer/"):
                page = other.get(where + below)
                pages.assert_sound(page, status=404)
                assert "le lien personnel que vous avez reçu par e-mail" in pages.main(page)
                assert ADDRESS not in pages.main(page)
            assert other.post(where, {"email": "volee@vallee.example"}).status_code == 404
        assert Registration.objects.filter(email="volee@vallee.example").count() == 0

    def test_two_hours(self, client: Client) -> None:
        where = come(client, open_session())
        older(hours=1, minutes=59, seconds=50)
        assert client.get(where).status_code == 200
        older(hours=2)
        page = client.get(where)
        pages.assert_sound(page, status=404)
        assert "Retrouver mon inscription" in pages.main(page)
        assert client.post(where, {"email": "tard@vallee.example"}).status_code == 404

    @pytest.mark.parametrize("handle", ["", "MQ/", "MQ:signe/", "é/"])
    def test_a_forged_address(self, client: Client, handle: str) -> None:
        come(client, open_session())
        pages.assert_sound(client.get(f"/inscriptions/votre-inscription/{handle}"), status=404)

    def test_several_in_one_browser(self, client: Client) -> None:
        """Two tabs, two sessions, two people."""
        sessions = (open_session(title="Animer"), open_session(title="Conduire"))
        places = [come(client, session, email=f"p{n}@vallee.example") for n, session in enumerate(sessions)]
        for place, session in zip(places, sessions, strict=True):
            assert session.title in pages.main(client.get(place))

    def test_only_the_cookie_of_the_forms(self, client: Client) -> None:
        client.get(come(client, open_session()))
        assert set(client.cookies) == {"csrftoken"}


class TestCorrecting:
    def test_the_letter_follows(self, client: Client) -> None:
        where = come(client, open_session())
        before = Registration.objects.get()

        page = client.post(where, {"email": " Anais@vallee.example"}, follow=True)

        pages.assert_sound(page)
        assert "votre lien personnel vient de partir à anais@vallee.example" in pages.main(page)
        now = Registration.objects.get()
        assert (now.email, now.token == before.token) == ("anais@vallee.example", False)
        assert messages() == [("anais@vallee.example", "Inscription confirmée")]
        assert client.get(private_url(before)).status_code == 404

    @pytest.mark.parametrize("email", ["", "anais@", "deja@vallee.example"])
    def test_wrong(self, client: Client, email: str) -> None:
        session = open_session()
        registered(session, email="deja@vallee.example")
        where = come(client, session)
        before = pages.rows()
        page = client.post(where, {"email": email})
        pages.assert_sound(page, status=422)
        assert pages.by_id(pages.tree(page), "id_email").get("value", "") == email
        assert pages.rows() == before

    def test_not_once_it_is_proved(self, client: Client) -> None:
        """Whoever reads the mailbox may be someone else, and have written what this browser must not read."""
        where = come(client, open_session())
        Client().post(f"{link_for(ADDRESS)}adresse/")
        Registration.objects.update(phone="06 00 00 00 00", last_name="Secrète")
        before = pages.rows()

        page = client.post(where, {"email": "volee@vallee.example"})

        pages.assert_sound(page, status=409)
        assert pages.rows() == before
        said = pages.main(page)
        assert "L’adresse n’a pas été changée : elle a été confirmée depuis." in folded(said)
        assert heading(page) == "Vous avez une place"
        assert [word in said for word in (ADDRESS, "Secrète", "06 00 00")] == [False] * 3


class TestProving:
    def test_get_proves_nothing(self, client: Client) -> None:
        come(client, open_session())
        link = link_for(ADDRESS)
        page = client.get(link)
        pages.assert_sound(page)
        client.get(f"{link}adresse/")
        assert Registration.objects.get().address_confirmed_at is None
        assert "C’est bien mon adresse" in pages.main(page)
        assert "nous savons" not in pages.main(client.get(f"{link}?confirmee"))

    def test_the_button(self, client: Client) -> None:
        come(client, open_session())
        link = link_for(ADDRESS)
        page = client.post(f"{link}adresse/", follow=True)
        assert page.redirect_chain == [(f"{link}?confirmee", 302)]
        assert Registration.objects.get().address_confirmed_at is not None
        assert "C’est bien mon adresse" not in pages.main(page)
        assert "nous savons que nos messages vous parviennent" in pages.main(page)

    def test_so_does_a_form_behind_the_link(self, client: Client) -> None:
        come(client, open_session())
        person = Registration.objects.get()
        sent = {**typed(), "email": ADDRESS, "first_name": "Zoé"}
        client.post(f"{private_url(person)}coordonnees/", sent)
        assert Registration.objects.get().address_confirmed_at is not None


class TestFee:
    @pytest.fixture
    def session(self) -> TrainingSession:
        make_category(campaign=make_campaign(year=today(60).year), label="Association", amount="80.00")
        return open_session(fee_required=True)

    def form(self, client: Client, where: str) -> dict[str, Any]:
        page = client.get(f"{where}adherer/")
        pages.assert_sound(page)
        fields = pages.one(pages.tree(page), ".//main//form").iter("input")
        sent = {field.attrib["name"]: field.get("value", "") for field in fields if field.get("type") != "checkbox"}
        category = FeeCategory.objects.get()
        return {**sent, "category": category.pk, "method": "transfer", "address": "1 place de la Mairie"}

    def test_what_is_expected_and_the_form_at_once(self, client: Client, session: TrainingSession) -> None:
        where = come(client, session)
        page = client.get(where)
        assert heading(page).startswith("Une place vous est retenue jusqu’au ")
        assert "80 €" in pages.main(page)
        links = pages.links(pages.one(pages.tree(page), ".//main"))
        assert links["Remplir le bulletin en ligne"] == f"{where}adherer/"

        sent = client.post(f"{where}adherer/", self.form(client, where))

        assert (sent.status_code, sent.headers["Location"]) == (302, where)
        assert Application.objects.get().email == ADDRESS
        page = client.get(where)
        assert "Bulletin envoyé le" in pages.main(page)
        assert Application.objects.get().token not in page.content.decode()
        # Also behind the link: who reads the letter is who filled it.
        assert "Voir mon bulletin" in pages.main(client.get(link_for(ADDRESS)))

    def test_someone_else_s_form_stays_behind_the_link(self, client: Client, session: TrainingSession) -> None:
        where = come(client, session)
        link = link_for(ADDRESS)
        page = client.get(f"{link}adherer/")
        fields = pages.one(pages.tree(page), ".//main//form").iter("input")
        sent = {field.attrib["name"]: field.get("value", "") for field in fields if field.get("type") != "checkbox"}
        category = FeeCategory.objects.get()
        Client().post(f"{link}adherer/", {**sent, "category": category.pk, "method": "transfer"})

        assert "Bulletin envoyé le" not in pages.main(client.get(where))

    def test_nothing_owed(self, client: Client) -> None:
        where = come(client, open_session())
        answer = client.get(f"{where}adherer/")
        assert (answer.status_code, answer.headers["Location"]) == (302, where)

    def test_covered_after_a_correction(self, client: Client, session: TrainingSession) -> None:
        make_fee(make_member(emails=("couverte@vallee.example",)))
        where = come(client, session)
        page = client.post(where, {"email": "couverte@vallee.example"}, follow=True)
        assert heading(page) == "Vous avez une place"
        assert Message.objects.latest("pk").to == "couverte@vallee.example"


class TestReplaced:
    def test_the_colleague_has_a_link_of_their_own(self, client: Client) -> None:
        come(client, open_session())
        link = link_for(ADDRESS)
        client.post(f"{link}remplacer/", {"first_name": "Alex", "last_name": "Petit", "email": "alex@vallee.example"})
        assert link_for("alex@vallee.example") != link
        assert "Vous avez laissé votre place" in pages.main(client.get(link))

    def test_nothing_of_the_colleague_in_the_browser(self, client: Client) -> None:
        where = come(client, open_session())
        registering.replace(
            Registration.objects.get(),
            Registration(first_name="Alex", last_name="Petit", email="alex@vallee.example"),
            now=timezone.now(),
        )
        page = client.get(where)
        assert heading(page) == "Cette inscription est annulée"
        assert "Alex" not in pages.main(page)
