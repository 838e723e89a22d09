"""The on-line membership form: whose it is, what it opens, and that nothing typed covers anybody (R12–R16)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from post_office.models import Email

from members import applying, fees
from members.models import Application, ApplicationPerson, Member, MembershipFee
from tests import pages
from tests.factories import (
    NOW,
    make_application,
    make_campaign,
    make_category,
    make_fee,
    make_form,
    make_member,
    make_registration,
    make_session,
    make_staff,
)
from tests.sessions_app.test_emails import lines_of_html, lines_of_text
from tests.traces import folded, messages, status_of, told

pytestmark = pytest.mark.django_db

SIRET = "73282932000074"
OTHER_SIRET = "35600000000048"


def everything_of(member: Member) -> dict[str, Any]:
    """The member's row, its people and its domains."""
    return {
        **Member.objects.filter(pk=member.pk).values().get(),
        "people": list(member.people.values_list("email", "name")),
        "domains": list(member.domains.values_list("domain", flat=True)),
    }


class TestAPayerNobodyKnew:
    """R12, R13: a member made of what was typed, and a fee « attendue » that covers nobody."""

    def test_everything_typed_is_kept(self) -> None:
        category = make_category(amount=Decimal("80.00"))
        form = make_form(
            category=category,
            name="Pays des Collines",
            siret=SIRET,
            address="1 place de l’Exemple",
            contact_name="Camille Durand",
            email="contact@collines.example",
            phone="04 78 00 00 00",
            domain="collines.example",
            method="mandate",
            service_code="SERVICE-7",
            engagement_number="2017-33",
        )
        people = [
            ApplicationPerson(email="b@ailleurs.example", name="Bé"),
            ApplicationPerson(email="a@collines.example"),
        ]

        application = applying.apply(form, people, now=NOW)

        fee = MembershipFee.objects.get()
        assert (fee.category, fee.amount, fee.status) == (category, category.amount, "due")
        assert (fee.method, fee.engagement_number, fee.status_changed_at) == ("mandate", "2017-33", NOW)
        typed = {
            name: getattr(form, name)
            for name in ("kind", "name", "siret", "address", "contact_name", "email", "phone", "service_code")
        }
        member = everything_of(fee.member)
        assert {name: member[name] for name in typed} == typed
        assert (member["people"], member["domains"]) == (
            [("b@ailleurs.example", "Bé"), ("a@collines.example", "")],
            ["collines.example"],
        )
        assert Application.objects.get() == application
        assert (application.fee, application.is_new_member, application.received_at, application.checked_at) == (
            fee,
            True,
            NOW,
            None,
        )
        assert list(application.people.values_list("email", "name")) == member["people"]

    def test_it_covers_nobody_before_it_is_accepted(self) -> None:
        """R14, R16."""
        session = make_session(fee_required=True)
        application = make_application(emails=("camille@collines.example",), domain="collines.example")

        person = make_registration(session, email="camille@collines.example")
        colleague = make_registration(session, email="autre@collines.example")
        assert [status_of(person), status_of(colleague)] == ["awaiting_fee"] * 2

        fees.settle(application.fee, now=NOW)
        assert [status_of(person), status_of(colleague)] == ["confirmed"] * 2

    def test_whoever_filled_it_is_written_to(self) -> None:
        make_application(email="camille@collines.example", category=make_category(amount="80"))

        assert messages() == [("camille@collines.example", "Bulletin reçu, 80 € à régler")]

    @pytest.mark.parametrize("amount", [80, 0])
    def test_its_html_says_the_same_as_its_text(self, amount: int) -> None:
        make_application(
            name="Pays <b>",
            emails=("a@collines.example",),
            domain="collines.example",
            method="mandate",
            service_code="S-7",
            engagement_number="33",
            category=make_category(amount=Decimal(amount)),
        )

        [message] = Email.objects.all()
        assert lines_of_html(message.html_message) == lines_of_text(message.message)
        assert "<b>" not in message.html_message

    def test_another_siret_is_someone_else_even_at_the_same_address(self) -> None:
        known = make_member(email="compta@collines.example", siret=SIRET)

        application = make_application(email="compta@collines.example", siret=OTHER_SIRET)

        assert application.is_new_member
        assert application.fee.member != known

    @pytest.mark.parametrize("others", [0, 2])
    def test_an_address_that_does_not_name_one_member(self, others: int) -> None:
        for _ in range(others):
            make_member(email="compta@collines.example")

        assert make_application(email="compta@collines.example").is_new_member

    def test_a_name_says_nothing(self) -> None:
        """R14: never by a typed name."""
        make_member(name="Pays des Collines", email="compta@collines.example")

        assert make_application(name="Pays des Collines").is_new_member

    def test_the_same_address_for_another_kind_of_payer(self) -> None:
        make_member(email="camille@collines.example", kind="person")

        assert make_application(email="camille@collines.example").is_new_member


class TestAPayerWeKnow:
    """R14: whatever is typed, nothing of the member changes and nobody is covered before someone checks."""

    @pytest.fixture(params=["siret", "address"])
    def typed(self, request: pytest.FixtureRequest) -> dict[str, Any]:
        """What names the member « Pays des Collines »: its SIRET, or its contact address."""
        if request.param == "siret":
            return {"siret": SIRET, "email": "inconnu@ailleurs.example"}
        return {"email": "compta@collines.example"}

    @pytest.mark.parametrize("status", ["none", "due", "committed", "paid", "waived", "cancelled"])
    def test_whatever_its_fee(self, typed: dict[str, Any], status: str) -> None:
        category = make_category()
        member = make_member(name="Pays des Collines", siret=SIRET, email="Compta@Collines.example")
        if status != "none":
            make_fee(member, category=category, status=status)
        before = everything_of(member)
        session = make_session(fee_required=True)
        someone = make_registration(session, email="malin@ailleurs.example")

        application = make_application(
            category=category, emails=("malin@ailleurs.example",), domain="ailleurs.example", name="Autre nom", **typed
        )

        assert everything_of(member) == before
        assert status_of(someone) == "awaiting_fee"
        assert status_of(make_registration(session, email="autre@ailleurs.example")) == "awaiting_fee"
        assert (application.fee.member, application.is_new_member, application.checked_at) == (member, False, None)
        assert list(Application.objects.to_check()) == [application]

    def test_nor_when_its_fee_is_paid_afterwards(self) -> None:
        session = make_session(fee_required=True)
        member = make_member(siret=SIRET)
        application = make_application(siret=SIRET, emails=("malin@ailleurs.example",), domain="ailleurs.example")
        someone = make_registration(session, email="malin@ailleurs.example")

        fees.settle(application.fee, now=NOW)

        assert status_of(someone) == "awaiting_fee"
        assert list(member.people.all()) == []
        assert list(Application.objects.to_check()) == [application]

    def test_a_second_form_for_a_payer_born_of_the_first(self) -> None:
        first = make_application(siret=SIRET, emails=("camille@collines.example",))
        second = make_application(siret=SIRET, emails=("malin@ailleurs.example",))

        assert (second.fee, second.is_new_member) == (first.fee, False)
        assert list(first.fee.member.people.values_list("email", flat=True)) == ["camille@collines.example"]

    def test_the_live_fee_is_used_as_it_is(self) -> None:
        campaign = make_campaign()
        large, small = (make_category(campaign=campaign, amount=Decimal(amount)) for amount in (250, 80))
        fee = make_fee(make_member(siret=SIRET), category=large, status="due")

        application = make_application(siret=SIRET, category=small, method="mandate", engagement_number="33")

        assert application.fee == fee
        fee.refresh_from_db()
        assert (fee.category, fee.amount, fee.method, fee.engagement_number) == (large, 250, "", "")
        assert (application.category, application.amount) == (small, small.amount)

    @pytest.mark.parametrize("status", ["none", "cancelled"])
    def test_without_a_live_fee_one_is_opened(self, status: str) -> None:
        category = make_category()
        member = make_member(siret=SIRET)
        if status == "cancelled":
            make_fee(member, category=category, status="cancelled")

        application = make_application(siret=SIRET, category=category, method="cheque", engagement_number="33")

        assert (application.fee.member, application.fee.status) == (member, "due")
        assert (application.fee.method, application.fee.engagement_number) == ("cheque", "33")

    def test_the_fee_of_another_campaign_is_another_fee(self) -> None:
        this_year = make_category(campaign=make_campaign(year=2017))
        next_year = make_category(campaign=make_campaign(year=2018))
        paid = make_fee(make_member(siret=SIRET), category=this_year)

        application = make_application(siret=SIRET, category=next_year)

        assert application.fee != paid
        assert (application.fee.campaign, application.fee.status) == (next_year.campaign, "due")

    @pytest.mark.parametrize("status", ["committed", "paid", "waived"])
    def test_whose_fee_is_accepted_is_asked_for_no_payment(self, status: str) -> None:
        make_fee(make_member(siret=SIRET), status=status)
        Email.objects.all().delete()  # the receipt

        application = make_application(siret=SIRET, email="camille@collines.example")

        assert (application.is_amount_owed, application.is_fee_known) == (False, True)
        assert messages() == [("camille@collines.example", "Bulletin reçu, cotisation déjà à jour")]
        [message] = Email.objects.all()
        for text in (message.message, message.html_message):
            assert "ne payez pas une seconde fois" in text
            assert "Pour régler" not in text

    def test_which_learns_nothing_of_it(self) -> None:
        """The message goes to an address that anybody typed."""
        member = make_member(
            name="Nom secret",
            siret=SIRET,
            contact_name="Contact Secret",
            email="secret@collines.example",
            phone="04 11 22 33 44",
            address="1 rue Secrète",
            emails=("personne.secrete@collines.example",),
            domains=("domaine-secret.example",),
        )
        campaign = make_campaign()
        make_fee(member, category=make_category(campaign=campaign, label="Catégorie secrète", amount="777"))
        Email.objects.all().delete()

        make_application(siret=SIRET, category=make_category(campaign=campaign, amount="80"), name="Nom typé")

        [message] = Email.objects.all()
        for text in (message.subject, message.message, message.html_message):
            assert not [word for word in ("ecret", "ecrèt", "11 22", "777") if word in text]


class TestNothingNew:
    """A form that says only what the member says is set aside at once."""

    KNOWN = {
        "name": "Pays des Collines",
        "siret": SIRET,
        "contact_name": "Camille Durand",
        "email": "compta@collines.example",
        "phone": "04 78 00 00 00",
        "address": "1 place de l’Exemple\n69000 Lyon",
        "service_code": "SERVICE-7",
    }

    @pytest.fixture
    def member(self) -> Member:
        member = make_member(**self.KNOWN, emails=("camille@ailleurs.example",), domains=("collines.example",))
        make_fee(member)
        return member

    def test_everything_is_known(self, member: Member) -> None:
        application = make_application(
            **{**self.KNOWN, "name": "PAYS  des collines", "address": "1 place de l’Exemple\r\n69000 Lyon"},
            method="",
            domain="collines.example",
            emails=("camille@ailleurs.example", "autre@collines.example"),
        )

        assert application.checked_at == NOW
        assert list(Application.objects.to_check()) == []
        # Whoever filled it cannot tell: it would say that what was typed is what we know.
        assert not application.is_vouched_for
        assert application.is_fee_known

    @pytest.mark.parametrize(
        "new",
        [
            *({name: "autre"} for name in ("name", "contact_name", "phone", "address", "service_code")),
            {"email": "autre@collines.example"},
            {"domain": "ailleurs.example"},
            {"method": "cheque"},
            {"engagement_number": "33"},
            {"emails": ("autre@ailleurs.example",)},
        ],
    )
    def test_anything_new_is_for_the_coordination(self, member: Member, new: dict[str, Any]) -> None:
        application = make_application(**{**self.KNOWN, "method": "", **new})

        assert application.checked_at is None

    def test_another_category_too(self, member: Member) -> None:
        other = make_category(campaign=member.fees.get().campaign)

        assert make_application(**self.KNOWN, method="", category=other).checked_at is None


class TestSentTwice:
    def test_the_same_form_is_one_application(self) -> None:
        form, key = {"siret": SIRET, "name": "Pays"}, uuid4()
        first = make_application(**form, submission_key=key, emails=("a@collines.example",))
        before = pages.rows()

        again = make_application(**form, submission_key=key, emails=("a@collines.example",))

        assert again == first
        assert pages.rows() == before

    def test_an_address_is_not_flooded(self) -> None:
        """Each form writes to an address that nobody has proved to be theirs."""
        forms = [{"email": "victime@ailleurs.example", "name": f"Structure {n}", "siret": ""} for n in range(12)]
        for form in forms[: applying.FLOOD_LIMIT]:
            make_application(**form)
        before = pages.rows()

        with pytest.raises(applying.ApplicationRefused, match="recommencez dans une heure"):
            make_application(**forms[-1], now=NOW + applying.FLOOD_INTERVAL - timedelta(seconds=1))

        assert pages.rows() == before
        make_application(email="autre@ailleurs.example")
        make_application(**forms[-1], now=NOW + applying.FLOOD_INTERVAL)


@pytest.fixture
def user() -> User:
    return make_staff(group="Coordination")


def check(application: Application, user: User, **options: Any) -> None:
    """Everybody it names is added, unless said otherwise."""
    options = {"member": application.fee.member, "people": list(application.people.all()), **options}
    applying.check(application, user=user, now=NOW + timedelta(days=1), **options)
    application.refresh_from_db()


class TestChecking:
    """R14, R16: what the coordination takes is taken, and whoever is then covered is confirmed."""

    def test_people_are_covered_and_told(self, user: User) -> None:
        session = make_session(fee_required=True)
        member = make_member(siret=SIRET)
        make_fee(member)
        person, other = (make_registration(session, email=f"{who}@collines.example") for who in ("camille", "autre"))
        application = make_application(siret=SIRET, emails=(person.email, other.email))

        check(application, user, people=[application.people.get(email=person.email)])

        assert (status_of(person), status_of(other)) == ("confirmed", "awaiting_fee")
        assert told(person)[1:] == ["Cotisation à jour, inscription confirmée"]
        assert list(member.people.values_list("email", flat=True)) == [person.email]
        assert (application.checked_at, application.checked_by) == (NOW + timedelta(days=1), user)
        assert list(Application.objects.to_check()) == []

    def test_only_the_details_chosen_replace_the_member_s(self, user: User) -> None:
        member = make_member(siret=SIRET, name="Pays", phone="04 11 11 11 11", email="a@collines.example")
        application = make_application(
            siret=SIRET, name="Autre nom", phone="04 22 22 22 22", address="1 rue", email="b@ailleurs.example"
        )

        check(application, user, take=("phone", "address"))

        member.refresh_from_db()
        assert (member.name, member.phone, member.address, member.email) == (
            "Pays",
            "04 22 22 22 22",
            "1 rue",
            "a@collines.example",
        )

    def test_a_detail_left_blank_erases_nothing(self, user: User) -> None:
        member = make_member(siret=SIRET, phone="04 11 11 11 11")
        application = make_application(siret=SIRET, phone="")

        check(application, user, take=("phone",))

        member.refresh_from_db()
        assert member.phone == "04 11 11 11 11"

    @pytest.mark.parametrize(("take", "domains"), [((), []), (("domain",), ["collines.example"])])
    def test_the_domain(self, user: User, take: tuple[str, ...], domains: list[str]) -> None:
        member = make_member(siret=SIRET)

        check(make_application(siret=SIRET, domain="collines.example"), user, take=take)

        assert list(member.domains.values_list("domain", flat=True)) == domains

    def test_the_fee(self, user: User) -> None:
        campaign = make_campaign()
        large, small = (make_category(campaign=campaign, amount=Decimal(amount)) for amount in (250, 80))
        fee = make_fee(make_member(siret=SIRET), category=large, status="due")
        application = make_application(siret=SIRET, category=small, method="mandate", engagement_number="33")

        check(application, user, take=("category", "method", "engagement_number"))

        fee.refresh_from_db()
        assert (fee.category, fee.amount, fee.method, fee.engagement_number) == (small, 80, "mandate", "33")

    def test_an_accepted_fee_keeps_its_category(self, user: User) -> None:
        campaign = make_campaign()
        make_fee(make_member(siret=SIRET), category=make_category(campaign=campaign))
        application = make_application(
            siret=SIRET, category=make_category(campaign=campaign), emails=("a@collines.example",)
        )
        before = pages.rows()

        with pytest.raises(fees.FeeTransitionRefused, match="sa catégorie ne change plus"):
            check(application, user, take=("category",))

        assert pages.rows() == before

    def test_the_siret_of_another_member(self, user: User) -> None:
        make_member(email="compta@collines.example")
        application = make_application(email="compta@collines.example", siret=OTHER_SIRET)
        make_member(name="Vallée", siret=OTHER_SIRET)
        before = pages.rows()

        with pytest.raises(applying.CheckRefused) as refused:
            check(application, user, take=("name", "siret"), people=[])

        assert folded(str(refused.value)).startswith("Le SIRET 356 000 000 00048 est celui de « Vallée » : choisissez")
        assert pages.rows() == before

    def test_once(self, user: User) -> None:
        application = make_application()
        check(application, user)
        before = pages.rows()

        with pytest.raises(applying.AlreadyChecked):
            check(application, make_staff(group="Coordination"), take=("name",))

        assert {**pages.rows(), "auth.User": [], "auth.User_groups": []} == {
            **before,
            "auth.User": [],
            "auth.User_groups": [],
        }

    def test_a_new_payer_s_form_is_settled_by_its_fee(self) -> None:
        """Recording the fee is looking at the form."""
        application = make_application()
        assert list(Application.objects.to_check()) == [application]
        assert application.awaits_check

        fees.commit(application.fee, now=NOW)

        assert list(Application.objects.to_check()) == []
        assert (application.awaits_check, application.is_vouched_for) == (False, True)


class TestItIsInFactSomeoneElse:
    """« C’est en fait… »: another member than the one the form was filed under."""

    def test_a_member_created_from_the_form_is_merged(self, user: User) -> None:
        session = make_session(fee_required=True)
        known = make_member(name="Pays des Collines", emails=("ancienne@collines.example",))
        make_fee(known)
        person, other = (make_registration(session, email=f"{who}@collines.example") for who in ("camille", "autre"))
        application = make_application(
            name="Pays des collines", domain="collines.example", emails=(person.email, other.email)
        )

        check(application, user, member=known, people=[application.people.get(email=person.email)])

        assert list(Member.objects.all()) == [known]
        assert list(known.people.values_list("email", flat=True)) == ["ancienne@collines.example", person.email]
        assert list(known.domains.all()) == []
        assert (status_of(person), status_of(other)) == ("confirmed", "awaiting_fee")
        assert (application.fee.member, application.fee.status) == (known, "paid")
        assert sorted(known.fees.values_list("status", flat=True)) == ["cancelled", "paid"]

    def test_both_fees_accepted(self, user: User) -> None:
        category = make_category()
        known = make_member()
        make_fee(known, category=category)
        application = make_application(category=category, emails=("camille@collines.example",))
        fees.settle(application.fee, now=NOW)
        before = pages.rows()

        with pytest.raises(applying.merging.MergeRefused, match="ont chacun une cotisation enregistrée"):
            check(application, user, member=known, people=[])

        assert pages.rows() == before

    def test_a_member_known_before_keeps_what_it_has(self, user: User) -> None:
        category = make_category()
        wrong = make_member(name="Vallée", email="compta@structure.example", emails=("v@vallee.example",))
        right = make_member(name="Collines")
        application = make_application(
            category=category, email="compta@structure.example", emails=("camille@collines.example",)
        )
        assert application.fee.member == wrong

        check(application, user, member=right)

        assert (application.fee.member, application.fee.status) == (right, "due")
        assert list(right.people.values_list("email", flat=True)) == ["camille@collines.example"]
        assert list(wrong.people.values_list("email", flat=True)) == ["v@vallee.example"]
        assert list(wrong.fees.values_list("status", flat=True)) == ["cancelled"]

    @pytest.mark.parametrize("why", ["opened before", "another form", "accepted"])
    def test_a_fee_that_more_than_this_form_holds_stays(self, user: User, why: str) -> None:
        category = make_category()
        wrong, right = make_member(email="compta@structure.example"), make_member()
        if why == "opened before":
            make_fee(wrong, category=category, status="due", now=NOW - timedelta(days=3))
        application = make_application(category=category, email="compta@structure.example")
        if why == "another form":
            make_application(category=category, email="compta@structure.example")
        if why == "accepted":
            fees.waive(application.fee, now=NOW)

        check(application, user, member=right)

        [fee] = wrong.fees.all()
        assert fee.status == ("waived" if why == "accepted" else "due")
        assert application.fee.member == right
