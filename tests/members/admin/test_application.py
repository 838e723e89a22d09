"""« Bulletins en ligne » in the admin: read, checked once, by the coordination only (R14, R16)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from caprural import typography
from caprural.mailing.models import Message
from members.models import Application, FeeCategory, Member
from tests.factories import (
    make_application,
    make_campaign,
    make_category,
    make_checked_application,
    make_fee,
    make_member,
    make_staff,
)
from tests.support import pages
from tests.support.announced import open_session, registered, today
from tests.support.office import complaints, notices, send, signed_in, table, typed
from tests.support.traces import folded, status_of

pytestmark = pytest.mark.django_db

LIST = "/admin/members/application/"
SIRET = "73282932000074"


@pytest.fixture
def category() -> FeeCategory:
    campaign = make_campaign(year=today(60).year, name="Cotisation de l’année")
    return make_category(campaign=campaign, label="Association", amount="80.00")


@pytest.fixture
def member() -> Member:
    return make_member(
        name="Pays des Collines",
        siret=SIRET,
        phone="04 11 11 11 11",
        emails=("camille@collines.example",),
        domains=("collines.example",),
    )


def check_of(application: Application) -> str:
    return f"{LIST}{application.pk}/verifier/"


def comparison(page: Any) -> list[list[str]]:
    """The table of the page, cell by cell."""
    body = pages.one(pages.tree(page), ".//table/tbody")
    return [[folded(pages.text(cell)) for cell in row] for row in body.findall("tr")]


def ticked(page: Any) -> list[tuple[str, str]]:
    """Each box that is ticked, by name and value."""
    boxes = [field for field in pages.tree(page).iter("input") if field.get("type") == "checkbox"]
    return [(box.get("name", ""), box.get("value", "")) for box in boxes if "checked" in box.attrib]


class TestList:
    def test_what_is_shown(self, coordination: Client, category: FeeCategory, member: Member) -> None:
        now = timezone.now()
        make_application(category=category, name="À vérifier", now=now)
        checked = make_checked_application(category=category, name="Vérifié", now=now)

        rows = [[folded(cell) for cell in row[:5]] for row in table(coordination.get(LIST))]

        assert rows == [
            [
                *("Vérifié", "Cotisation de l’année", "Association", "80 €"),
                f"vérifié le {folded(typography.medium_date(now))} par {checked.checked_by}",
            ],
            ["À vérifier", "Cotisation de l’année", "Association", "80 €", "à vérifier"],
        ]

    def test_filter(self, coordination: Client, category: FeeCategory) -> None:
        make_application(category=category, name="À vérifier")
        make_checked_application(category=category, name="Vérifié")

        for asked, names in (
            ("a-verifier", ["À vérifier"]),
            ("verifies", ["Vérifié"]),
            ("x", ["Vérifié", "À vérifier"]),
        ):
            assert [row[0] for row in table(coordination.get(f"{LIST}?verification={asked}"))] == names

    def test_search(self, coordination: Client, category: FeeCategory) -> None:
        make_application(category=category, name="Trouvé", emails=("cherchee@collines.example",))
        make_application(category=category, name="Autre")

        assert [row[0] for row in table(coordination.get(f"{LIST}?q=cherchee"))] == ["Trouvé"]

    def test_the_same_number_of_queries(self, coordination: Client, category: FeeCategory) -> None:
        costs = []
        for _ in range(2):
            make_application(category=category)
            make_application(category=category)
            with CaptureQueriesContext(connection) as queries:
                coordination.get(LIST)
            costs.append(len(queries))
        assert costs[0] == costs[1]


class TestPage:
    def test_is_read_only(self, coordination: Client, category: FeeCategory) -> None:
        application = make_application(category=category, name="Pays", emails=("a@x.example",))
        path = f"{LIST}{application.pk}/change/"

        page = coordination.get(path)

        assert page.status_code == 200
        names = {name for name in typed_names(page) if not name.startswith("mailing-")}
        assert names == {"csrfmiddlewaretoken", "page_of"}
        assert coordination.post(path, {"name": "Autre"}).status_code == 403
        assert coordination.get(f"{LIST}add/").status_code == 403
        assert coordination.post(f"{LIST}{application.pk}/delete/", {"post": "yes"}).status_code == 302
        assert Application.objects.get().name == "Pays"
        found = pages.links(pages.one(pages.tree(page), ".//*[@id='content-main']"))
        assert found["Vérifier"] == check_of(application)
        assert "Voir sur le site" not in found, "its page is private"


def typed_names(page: Any) -> set[str]:
    return set(typed(page))


class TestChecking:
    def test_what_was_typed_beside_what_the_member_says(
        self, coordination: Client, category: FeeCategory, member: Member
    ) -> None:
        other = make_category(campaign=category.campaign, label="Commune", amount="250.00")
        make_fee(member, category=other, status="due")
        application = make_application(
            category=category,
            siret=SIRET,
            name="Pays des Collines",
            contact_name="Camille Durand",
            email="compta@collines.example",
            phone="04 22 22 22 22",
            domain="collines.example",
            emails=("camille@collines.example", "b@collines.example", "c@ailleurs.example"),
        )

        page = coordination.get(check_of(application))

        assert comparison(page) == [
            ["Nom", "Pays des Collines", "Pays des Collines", "identique"],
            ["Personne à contacter", "Camille Durand", "–", "reprendre : Personne à contacter"],
            ["Adresse e-mail", "compta@collines.example", "–", "reprendre : Adresse e-mail"],
            ["Téléphone", "04 22 22 22 22", "04 11 11 11 11", "reprendre : Téléphone"],
            ["SIRET", "732 829 320 00074", "732 829 320 00074", "identique"],
            ["Domaine e-mail", "collines.example", "collines.example", "identique"],
            ["Catégorie", "Association, 80 €", "Commune, 250 €", "reprendre : Catégorie"],
            ["Moyen de paiement", "virement", "–", "reprendre : Moyen de paiement"],
        ]
        # What the member lacks is taken unless told otherwise; what differs is not.
        assert ticked(page) == [
            ("take", "contact_name"),
            ("take", "email"),
            ("take", "method"),
            ("people", str(application.people.get(email="c@ailleurs.example").pk)),
            ("is_called", ""),
        ]
        words = folded(pages.text(pages.by_id(pages.tree(page), "content-main")))
        assert "camille@collines.example – déjà parmi ses personnes" in words
        assert "b@collines.example – couverte par un domaine" in words

    def test_an_accepted_fee_keeps_its_category(
        self, coordination: Client, category: FeeCategory, member: Member
    ) -> None:
        make_fee(member, category=make_category(campaign=category.campaign, label="Commune"))
        application = make_application(category=category, siret=SIRET)

        page = coordination.get(check_of(application))
        assert ["Catégorie", "Association, 80 €", "Commune, 100 €", "différent"] in comparison(page)

        page = send(coordination, check_of(application), take=["category"])
        assert any("sa catégorie ne change plus" in said for said in complaints(page))
        assert Application.objects.get().checked_at is None

    def test_what_is_ticked_is_done(self, coordination: Client, category: FeeCategory, member: Member) -> None:
        make_fee(member, category=category)
        person = registered(open_session(fee_required=True), email="c@ailleurs.example")
        application = make_application(
            category=category, siret=SIRET, phone="04 22 22 22 22", address="1 rue", emails=(person.email,)
        )

        before = folded(pages.text(pages.tree(coordination.get(check_of(application)))))
        page = send(coordination, check_of(application), take=["phone"])

        assert "1 inscription sera confirmée. Cette personne en sera prévenue :" in before
        assert [folded(said) for said in notices(page)] == [
            f"Le bulletin de « {application} » est vérifié. 1 message part."
        ]
        assert page.redirect_chain[-1][0] == f"{LIST}?verification=a-verifier"
        member.refresh_from_db()
        assert (member.phone, member.address) == ("04 22 22 22 22", "")
        assert status_of(person) == "confirmed"
        application.refresh_from_db()
        assert application.checked_by is not None
        assert application.checked_by.username == "coordination"

    def test_nobody_ticked(self, coordination: Client, category: FeeCategory, member: Member) -> None:
        make_fee(member, category=category)
        person = registered(open_session(fee_required=True), email="c@ailleurs.example")
        application = make_application(category=category, siret=SIRET, emails=(person.email,))

        send(coordination, check_of(application), people=[], take=[])

        assert status_of(person) == "awaiting_fee"
        assert list(Application.objects.to_check()) == []

    def test_sent_twice(self, coordination: Client, category: FeeCategory, member: Member) -> None:
        application = make_application(category=category, siret=SIRET, emails=("c@ailleurs.example",))
        form = typed(coordination.get(check_of(application)))
        coordination.post(check_of(application), form)
        before = {name: rows for name, rows in pages.rows().items() if not name.startswith("sessions.")}

        page = coordination.post(check_of(application), form, follow=True)

        assert folded(notices(page)[-1]).startswith(f"Le bulletin de « {application} » ({application.own_code}) a déjà")
        assert notices(page)[-1].endswith(" par coordination.")
        assert {name: rows for name, rows in pages.rows().items() if not name.startswith("sessions.")} == before
        assert "Vérifier" not in pages.links(pages.tree(page))

    def test_members_of_a_near_name_are_one_click_away(
        self, coordination: Client, category: FeeCategory, member: Member
    ) -> None:
        application = make_application(category=category, name="Pays des Coline", emails=("c@ailleurs.example",))
        make_member(name="Commune de Tout-à-Fait-Autre")

        found = pages.links(pages.tree(coordination.get(check_of(application))))

        likely = {words: url for words, url in found.items() if words.startswith("Comparer avec")}
        assert likely == {f"Comparer avec {member}": f"?cotisant={member.pk}"}

    def test_beside_another_member(self, coordination: Client, category: FeeCategory, member: Member) -> None:
        """« C’est en fait… »: compared first, then it is that one's form."""
        make_fee(member, category=category, now=timezone.now() - timedelta(days=9))
        application = make_application(category=category, name="Pays des collines", emails=("c@ailleurs.example",))
        path = f"{check_of(application)}?cotisant={member.pk}"

        page = coordination.get(path)
        assert comparison(page)[0] == ["Nom", "Pays des collines", "Pays des Collines", "identique"]

        page = send(coordination, path)

        assert [member.name for member in Member.objects.all()] == ["Pays des Collines"]
        assert "c@ailleurs.example" in member.people.values_list("email", flat=True)
        application.refresh_from_db()
        assert (application.fee.member, application.fee.status) == (member, "paid")

    def test_a_payer_to_create(self, coordination: Client, category: FeeCategory) -> None:
        application = make_application(
            category=category, name="Pays", siret=SIRET, domain="collines.example", emails=("a@x.example",)
        )

        page = coordination.get(check_of(application))
        assert "Nouveau cotisant : Pays" in folded(pages.text(pages.by_id(pages.tree(page), "content-main")))
        assert comparison(page)[0] == ["Nom", "Pays", "–", "repris"]
        take = [value for name, value in ticked(page) if name == "take"]
        page = send(coordination, check_of(application), take=take)

        [member] = Member.objects.all()
        assert (member.name, member.siret, member.email) == ("Pays", SIRET, application.email)
        assert list(member.people.values_list("email", flat=True)) == ["a@x.example"]
        assert list(member.domains.values_list("domain", flat=True)) == ["collines.example"]
        assert [fee.status for fee in member.fees.all()] == ["due"]
        assert [folded(said) for said in notices(page)] == ["Le bulletin de « Pays » est vérifié. 1 message part."]

    def test_then_its_payment(self, coordination: Client, category: FeeCategory, member: Member) -> None:
        """The cheque is there: checked, then straight to the screen of payments, without a call."""
        application = make_application(category=category, siret=SIRET)
        letters = Message.objects.count()

        page = send(coordination, check_of(application), payment="")

        assert page.redirect_chain[-1][0] == (
            f"/admin/members/membershipfee/enregistrer/?campagne={category.campaign_id}&cotisant={member.pk}"
        )
        assert Message.objects.count() == letters

    def test_forms_of_one_payer_see_each_other(self, coordination: Client, category: FeeCategory) -> None:
        other = make_application(category=category, siret=SIRET, name="Pays")

        page = coordination.get(check_of(make_application(category=category, siret=SIRET)))

        assert pages.links(pages.tree(page))[f"{other.own_code}, Pays"] == f"{LIST}{other.pk}/change/"

    @pytest.mark.parametrize(
        "forged",
        [
            {"member": ""},
            {"member": "x"},
            {"member": "999999"},
            {"take": ["status"]},
            {"people": ["999999"]},
            {"people": ["x"]},
        ],
    )
    def test_forged(self, coordination: Client, category: FeeCategory, member: Member, forged: dict[str, Any]) -> None:
        application = make_application(category=category, siret=SIRET)

        page = send(coordination, check_of(application), **forged)

        assert page.status_code == 200
        assert complaints(page)
        assert Application.objects.get().checked_at is None

    @pytest.mark.parametrize("asked", ["x", "", "999999", "1\x00"])
    def test_beside_nobody(self, coordination: Client, category: FeeCategory, asked: str) -> None:
        application = make_application(category=category)

        page = coordination.get(check_of(application), {"cotisant": asked})

        assert page.status_code == 200
        assert typed(page)["member"] == "nouveau"

    def test_none_there(self, coordination: Client) -> None:
        assert coordination.get(f"{LIST}999/verifier/").status_code == 404


class TestWhoMay:
    def test_a_trainer_sees_nothing(self, category: FeeCategory) -> None:
        trainer = signed_in(make_staff(group="Formateurs"))
        application = make_application(category=category)

        assert trainer.get(LIST).status_code == 403
        assert trainer.get(f"{LIST}{application.pk}/change/").status_code in (403, 404)
        for method in (trainer.get, trainer.post):
            assert method(check_of(application)).status_code == 403
        assert Application.objects.get().checked_at is None
        assert "bulletin" not in pages.text(pages.tree(trainer.get("/admin/"))).lower()

    def test_nobody_without_an_account(self, client: Client, category: FeeCategory) -> None:
        assert client.get(check_of(make_application(category=category))).status_code == 302
