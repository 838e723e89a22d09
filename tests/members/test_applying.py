"""The on-line membership form: whose it is, what it opens, and that nothing typed covers anybody (R12–R16)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from caprural import limits
from caprural.mailing.models import Message
from members import applying, fees, opening, reminding
from members.models import Application, ApplicationPerson, Member, MembershipFee
from sessions_app.models import Registration
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
from tests.support import pages
from tests.support.letters import lines_of_html, lines_of_text
from tests.support.traces import folded, messages, status_of, told

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


class TestNobodyHasChecked:
    """R14: whatever a public form says, nothing and nobody changes before someone of the team has checked it."""

    TYPED: ClassVar[dict[str, Any]] = {
        "name": "Pays des Collines",
        "siret": SIRET,
        "address": "1 place de l’Exemple",
        "contact_name": "Camille Durand",
        "email": "compta@collines.example",
        "phone": "04 78 00 00 00",
        "domain": "ailleurs.example",
        "method": "mandate",
        "service_code": "SERVICE-7",
        "engagement_number": "2017-33",
    }

    def test_everything_typed_is_kept_in_the_form_and_nowhere_else(self) -> None:
        category = make_category(amount=Decimal("80.00"))
        people = [
            ApplicationPerson(email="b@ailleurs.example", name="Bé"),
            ApplicationPerson(email="a@collines.example"),
        ]

        application = applying.apply(make_form(category=category, **self.TYPED), people, network="192.0.2.1", now=NOW)

        kept = Application.objects.get()
        assert kept == application
        assert {name: getattr(kept, name) for name in self.TYPED} == self.TYPED
        assert (kept.category, kept.amount, kept.received_at) == (category, 80, NOW)
        assert (kept.fee, kept.checked_at) == (None, None)
        assert list(kept.people.values_list("email", "name")) == [
            ("b@ailleurs.example", "Bé"),
            ("a@collines.example", ""),
        ]
        assert list(Application.objects.to_check()) == [application]
        assert (Member.objects.count(), MembershipFee.objects.count()) == (0, 0)

    @pytest.mark.parametrize("status", ["none", "due", "committed", "paid", "waived", "cancelled"])
    @pytest.mark.parametrize("by", ["siret", "email"])
    def test_a_payer_we_know_whatever_its_fee(self, by: str, status: str) -> None:
        category = make_category()
        member = make_member(name="Pays", siret=SIRET, email="Compta@Collines.example")
        if status != "none":
            make_fee(member, category=category, status=status)
        before = everything_of(member), list(MembershipFee.objects.values())
        session = make_session(fee_required=True)
        someone = make_registration(session, email="malin@ailleurs.example")

        typed = {**self.TYPED, **({"email": "x@ailleurs.example"} if by == "siret" else {"siret": ""})}
        make_application(category=category, emails=("malin@ailleurs.example",), **typed)

        assert (everything_of(member), list(MembershipFee.objects.values())) == before
        assert status_of(someone) == "awaiting_fee"
        assert status_of(make_registration(session, email="autre@ailleurs.example")) == "awaiting_fee"

    def test_it_hides_nobody_from_those_to_attach(self) -> None:
        """A claimed domain, a claimed person."""
        session = make_session(fee_required=True)
        people = [make_registration(session, email=email) for email in ("a@ailleurs.example", "b@x.example")]

        make_application(emails=("b@x.example",), domain="ailleurs.example")

        assert list(Registration.objects.without_member()) == people

    def test_it_makes_nobody_reminded_nor_left_out_of_the_renewals(self) -> None:
        last, this = (make_campaign(year=year) for year in (2016, 2017))
        category = make_category(campaign=this)
        member = make_member(siret=SIRET)
        make_fee(member, category=make_category(campaign=last, label=category.label))

        make_application(category=category, siret=SIRET)

        assert reminding.to_come(NOW) == []
        [renewal] = opening.renewals(this)
        assert renewal.member == member

    def test_the_payment_of_that_payer_covers_none_of_those_it_names(self) -> None:
        session = make_session(fee_required=True)
        member = make_member(siret=SIRET)
        application = make_application(siret=SIRET, emails=("malin@ailleurs.example",), domain="ailleurs.example")
        someone = make_registration(session, email="malin@ailleurs.example")

        fees.record(member, application.category, "paid", now=NOW)

        assert status_of(someone) == "awaiting_fee"
        assert list(Application.objects.to_check()) == [application]


class TestWhoseItSeems:
    def test_its_siret(self) -> None:
        known = make_member(siret=SIRET)
        assert applying.claimed_member(make_form(siret=SIRET)) == known

    def test_another_siret_is_someone_else_even_at_the_same_address(self) -> None:
        make_member(email="compta@collines.example", siret=SIRET)

        assert applying.claimed_member(make_form(email="compta@collines.example", siret=OTHER_SIRET)) is None

    @pytest.mark.parametrize(("members", "is_found"), [(0, False), (1, True), (2, False)])
    def test_an_address_that_names_one_member(self, members: int, is_found: bool) -> None:
        for _ in range(members):
            make_member(email="compta@collines.example")

        assert (applying.claimed_member(make_form(email="compta@collines.example")) is not None) is is_found

    def test_a_name_says_nothing(self) -> None:
        """R14: never by a typed name."""
        make_member(name="Pays des Collines", email="compta@collines.example")

        assert applying.claimed_member(make_form(name="Pays des Collines")) is None

    def test_the_same_address_for_another_kind_of_payer(self) -> None:
        make_member(email="camille@collines.example", kind="person")

        assert applying.claimed_member(make_form(email="camille@collines.example")) is None


def letter() -> tuple[str, str]:
    """The subject and the words of the only message."""
    [message] = Message.objects.all()
    assert lines_of_html(message.html) == lines_of_text(message.text)
    return folded(message.subject), folded(message.text)


class TestTheLetter:
    """Written to an address that nobody has proved."""

    def test_the_amount_and_the_form_s_own_reference(self) -> None:
        application = make_application(email="camille@collines.example", category=make_category(amount="80"))

        assert messages() == [("camille@collines.example", "Bulletin reçu, 80 € à régler")]
        assert f"Il reste à régler 80 €, en rappelant la référence BUL-{application.pk:05d}." in letter()[1]

    def test_nothing_to_pay(self) -> None:
        make_application(category=make_category(amount="0"))

        assert letter()[0].startswith("Bulletin reçu, rien à régler")

    def test_no_word_of_whoever_typed(self) -> None:
        """A stranger must not be written « Gratuit: https://evil… » by us, with our bank account."""
        evil = "Gratuit evil.example/prix"
        make_application(
            name=evil,
            contact_name=evil,
            address=evil,
            service_code=evil,
            engagement_number=evil,
            domain="evil.example",
            emails=("evil@evil.example",),
        )

        [message] = Message.objects.all()
        for text in (message.subject, message.text, message.html):
            assert "evil" not in text.lower()
            assert "IBAN" not in text
        assert message.documents == []

    @pytest.mark.parametrize("status", ["due", "committed", "paid", "waived"])
    def test_a_stranger_learns_nothing_of_a_payer(self, status: str) -> None:
        make_fee(make_member(siret=SIRET, email="compta@collines.example"), status=status)
        Message.objects.all().delete()

        make_application(siret=SIRET, email="curieux@ailleurs.example")

        subject, words = letter()
        assert subject.startswith("Bulletin reçu, à vérifier avant tout règlement")
        assert "Nous vérifions avant que vous payiez" in words
        assert "déjà cotisé" not in words

    @pytest.mark.parametrize("status", ["committed", "paid", "waived"])
    @pytest.mark.parametrize("email", ["compta@collines.example", "camille@x.example", "tous@collines.example"])
    def test_a_payer_reads_that_it_has_paid(self, status: str, email: str) -> None:
        make_fee(
            make_member(
                siret=SIRET,
                email="Compta@collines.example",
                emails=("camille@x.example",),
                domains=("collines.example",),
            ),
            status=status,
        )
        Message.objects.all().delete()

        make_application(siret=SIRET, email=email)

        subject, words = letter()
        assert subject.startswith("Bulletin reçu, cotisation déjà à jour")
        assert "ne payez pas une seconde fois" in words

    def test_one_payer_is_asked_for_one_amount(self) -> None:
        """Another form, or a fee that is open already: we look first."""
        large, small = (make_category(amount=Decimal(amount)) for amount in (250, 80))
        make_application(category=large, siret=SIRET)
        Message.objects.all().delete()

        make_application(category=small, siret=SIRET)

        subject, words = letter()
        assert subject.startswith("Bulletin reçu, à vérifier avant tout règlement")
        assert "Il reste à régler" not in words

    def test_a_known_payer_that_owes_nothing_yet_is_told_the_amount(self) -> None:
        make_member(siret=SIRET, email="compta@collines.example")

        make_application(siret=SIRET, email="compta@collines.example")

        assert letter()[0].startswith("Bulletin reçu, 100 € à régler")


class TestSentTwice:
    def test_the_same_form_is_one_application(self) -> None:
        form, key = {"siret": SIRET, "name": "Pays", "email": "a@collines.example"}, uuid4()
        first = make_application(**form, submission_key=key, emails=("a@collines.example",))
        before = pages.rows()

        again = make_application(**form, submission_key=key, emails=("a@collines.example",))

        assert again == first
        assert pages.rows() == before

    @pytest.mark.parametrize(
        "other", [{"name": "Asso Deux"}, {"email": "b@x.example"}, {"method": "cheque"}, {"emails": ("b@x.example",)}]
    )
    def test_other_contents_are_another_form(self, other: dict[str, Any]) -> None:
        """The browser's « back », then another payer."""
        form = {"submission_key": uuid4(), "name": "Asso Un", "email": "a@x.example", "emails": ("a@x.example",)}
        first = make_application(**form)

        second = make_application(**{**form, **other})

        assert second != first
        assert make_application(**{**form, **other}) == second
        assert Application.objects.count() == 2


class TestLimits:
    def test_an_address_is_not_flooded(self) -> None:
        """Each form writes to an address that nobody has proved to be theirs."""
        for _ in range(3):
            make_application(email="victime@ailleurs.example")
        before = pages.rows()

        with pytest.raises(limits.LimitReached):
            make_application(email="victime@ailleurs.example", now=NOW + timedelta(hours=23, minutes=59))

        assert pages.rows() == before
        make_application(email="autre@ailleurs.example")
        make_application(email="victime@ailleurs.example", now=NOW + timedelta(days=1))

    def test_a_form_sent_again_is_not_one_more(self) -> None:
        form = {"submission_key": uuid4(), "email": "a@x.example", "name": "Pays"}
        for _ in range(5):
            make_application(**form)

        assert Application.objects.count() == 1

    def test_a_network(self) -> None:
        """Forty people behind one office are far from it."""
        assert applying.FORMS_A_DAY >= 80
        forms = [make_form() for _ in range(applying.FORMS_A_DAY + 1)]
        for form in forms[:-1]:
            applying.apply(form, [], network="192.0.2.1", now=NOW)

        with pytest.raises(limits.LimitReached):
            applying.apply(forms[-1], [], network="192.0.2.1", now=NOW)
        applying.apply(forms[-1], [], network="192.0.2.2", now=NOW)


@pytest.fixture
def user() -> User:
    return make_staff(group="Coordination")


def check(application: Application, user: User, **options: Any) -> None:
    """Everybody it names is added, unless said otherwise."""
    options = {"member": applying.claimed_member(application), "people": list(application.people.all()), **options}
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
        member = make_member(email="compta@collines.example")
        application = make_application(email="compta@collines.example", siret=OTHER_SIRET)
        make_member(name="Vallée", siret=OTHER_SIRET)
        before = pages.rows()

        with pytest.raises(applying.CheckRefused) as refused:
            check(application, user, take=("name", "siret"), people=[], member=member)

        assert folded(str(refused.value)).startswith("Le SIRET 356 000 000 00048 est celui de « Vallée » : choisissez")
        assert pages.rows() == before

    def test_once(self, user: User) -> None:
        application = make_application()
        check(application, user)
        before = pages.rows()

        with pytest.raises(applying.CheckRefused):
            check(application, make_staff(group="Coordination"), take=("name",))

        assert {**pages.rows(), "auth.User": [], "auth.User_groups": []} == {
            **before,
            "auth.User": [],
            "auth.User_groups": [],
        }

    def test_it_says_who_checked_it(self, user: User) -> None:
        application = make_application(name="Pays")
        check(application, user)

        with pytest.raises(applying.CheckRefused) as refused:
            check(application, user)

        said = folded(str(refused.value))
        assert said.startswith(f"Le bulletin de « Pays » (BUL-{application.pk:05d}) a déjà été vérifié le ")
        assert said.endswith(f" par {user}.")

    def test_a_payer_nobody_knew_is_created(self, user: User) -> None:
        """Of what the team takes, and with its fee."""
        session = make_session(fee_required=True)
        category = make_category(amount=Decimal("80.00"))
        person, other = (make_registration(session, email=f"{who}@collines.example") for who in ("camille", "autre"))
        application = make_application(
            category=category,
            **TestNobodyHasChecked.TYPED,
            emails=(person.email, other.email),
        )

        check(
            application,
            user,
            people=[application.people.get(email=person.email)],
            take=("siret", "email", "phone", "domain"),
        )

        fee = MembershipFee.objects.get()
        assert application.fee == fee
        assert (fee.category, fee.amount, fee.status) == (category, 80, "due")
        assert (fee.method, fee.engagement_number) == ("mandate", "2017-33")
        member = everything_of(fee.member)
        assert {name: member[name] for name in ("kind", "name", "siret", "email", "phone", "address")} == {
            "kind": "structure",
            "name": "Pays des Collines",
            "siret": SIRET,
            "email": "compta@collines.example",
            "phone": "04 78 00 00 00",
            "address": "",
        }
        assert (member["people"], member["domains"]) == ([(person.email, "")], ["ailleurs.example"])
        assert status_of(person) == "awaiting_fee"

        fees.settle(fee, now=NOW)
        assert (status_of(person), status_of(other)) == ("confirmed", "awaiting_fee")

    @pytest.mark.parametrize("is_known", [True, False])
    def test_its_fee_is_asked_for(self, user: User, is_known: bool) -> None:
        """Nobody who was told to wait is left waiting: the call says the amount that rules."""
        if is_known:
            category = make_category(amount=Decimal(250))
            make_fee(make_member(siret=SIRET, email="a@x.example"), category=category, status="due")
        application = make_application(siret=SIRET, email="a@x.example", category=make_category(amount=Decimal(80)))
        Message.objects.all().delete()

        check(application, user, take=("email",), is_called=True)

        assert messages() == [("a@x.example", folded(Message.objects.get().subject).partition(" : ")[0])]
        assert ("250 €" if is_known else "80 €") in folded(Message.objects.get().text)
        assert application.fee is not None
        assert (application.code, application.asked) == (application.fee.code, application.fee.amount)

    @pytest.mark.parametrize("status", ["committed", "paid", "waived"])
    def test_an_accepted_fee_is_not_asked_for(self, user: User, status: str) -> None:
        make_fee(make_member(siret=SIRET, email="a@x.example"), status=status)
        application = make_application(siret=SIRET, email="a@x.example")
        Message.objects.all().delete()

        check(application, user, is_called=True)

        assert messages() == []

    def test_of_another_member_than_it_seemed(self, user: User) -> None:
        wrong = make_member(email="compta@structure.example", emails=("v@vallee.example",))
        right = make_member(name="Collines")
        application = make_application(email="compta@structure.example", emails=("camille@collines.example",))
        before = everything_of(wrong)

        check(application, user, member=right)

        assert application.fee is not None
        assert (application.fee.member, application.fee.status) == (right, "due")
        assert list(right.people.values_list("email", flat=True)) == ["camille@collines.example"]
        assert (everything_of(wrong), list(wrong.fees.all())) == (before, [])


class TestSiblings:
    def test_forms_of_one_payer_see_each_other(self, user: User) -> None:
        known = make_member(name="Pays")
        by_siret = make_application(siret=SIRET, email="a@x.example")
        by_address = make_application(email="b@x.example")
        checked = make_application()
        check(checked, user, member=known)
        make_application(siret=OTHER_SIRET)

        application = make_application(siret=SIRET, email="b@x.example")

        assert applying.siblings(application, None) == [by_address, by_siret]
        assert applying.siblings(application, known) == [checked, by_address, by_siret]
