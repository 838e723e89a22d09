"""« À rattacher » (R14, R16): people whom no member lists, attached to a known one or to a new one."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from caprural import typography
from members.models import Application, ApplicationPerson, FeeCategory, Member, MembershipFee
from sessions_app.models import Registration, TrainingSession
from tests.factories import (
    make_application,
    make_campaign,
    make_category,
    make_fee,
    make_member,
    make_registration,
    make_staff,
    make_trainer,
)
from tests.support.announced import open_session, registered, session_in, today
from tests.support.office import complaints, notices, send, signed_in, typed
from tests.support.pages import by_id, links, main, rows, text, tree
from tests.support.traces import folded, log, messages, status_of, told

pytestmark = pytest.mark.django_db

REGISTRATIONS = "/admin/sessions_app/registration/"
LIST = f"{REGISTRATIONS}a-rattacher/"


def address(registration: Registration, page: str = "change/") -> str:
    """A page of this registration in the admin."""
    return f"{REGISTRATIONS}{registration.pk}/{page}"


@pytest.fixture
def category() -> FeeCategory:
    """The scale of the year of the session."""
    campaign = make_campaign(year=today(60).year)
    return make_category(campaign=campaign, label="Association", amount=Decimal("80.00"))


@pytest.fixture
def session() -> TrainingSession:
    return open_session(title="Coopérer", fee_required=True)


@pytest.fixture
def registration(session: TrainingSession) -> Registration:
    """Someone whose fee is awaited."""
    return registered(
        session,
        first_name="Camille",
        last_name="Durand",
        email="camille@collines.example",
        organisation="Pays des Collines",
        phone="06 12 34 56 78",
    )


@pytest.fixture
def colleague(session: TrainingSession) -> Registration:
    """Someone of the same domain."""
    return registered(
        session, first_name="Alex", last_name="Martin", email="alex@collines.example", organisation="Collines"
    )


def blocks(page: Any) -> dict[str, list[str]]:
    """For each person of the list, what is said line by line."""
    found = {}
    for section in tree(page).findall(".//section[@class='stranger']"):
        [heading] = section.findall("h2")
        lines = [element for element in section.iter() if element.tag in ("li", "p")]
        found[folded(text(heading))] = [folded(text(line)) for line in lines]
    return found


class TestTheList:
    def test_who_they_are_and_until_when(
        self, coordination: Client, registration: Registration, colleague: Registration
    ) -> None:
        Registration.objects.filter(pk=colleague.pk).update(fee_due_on=today(10))
        day, due, sooner = (folded(typography.medium_date(today(n))) for n in (60, 50, 10))
        acts = [
            f"Autre cotisant… pour {name} Créer le cotisant de {name} Enregistrer la cotisation de {name}"
            for name in ("Alex Martin", "Camille Durand")
        ]

        assert blocks(coordination.get(LIST)) == {
            "Alex Martin, Collines": [
                f"alex@collines.example – Coopérer, {day} – cotisation attendue au plus tard le {sooner}",
                "Aucun cotisant connu ne lui ressemble.",
                acts[0],
            ],
            "Camille Durand, Pays des Collines": [
                f"camille@collines.example – Coopérer, {day} – cotisation attendue au plus tard le {due}",
                "Aucun cotisant connu ne lui ressemble.",
                acts[1],
            ],
        }

    def test_only_for_sessions_to_come_and_people_nobody_lists(
        self, coordination: Client, session: TrainingSession
    ) -> None:
        make_member(emails=("listee@collines.example",), domains=("plateau.example",))
        registered(session, email="listee@collines.example")
        registered(session, email="qui@plateau.example")
        registered(open_session())
        make_registration(
            session_in("past", fee_required=True, days=(today(-2),)), now=timezone.now() - timedelta(days=20)
        )

        page = coordination.get(LIST)

        assert (blocks(page), "Personne n’est à rattacher" in main(page)) == ({}, True)

    @pytest.mark.parametrize(
        ("fields", "status", "listed", "what"),
        [
            ({}, "paid", 0, "à jour : l’inscription sera confirmée"),
            ({}, "committed", 0, "à jour : l’inscription sera confirmée"),
            ({}, "due", 0, "sa cotisation est attendue : l’inscription restera en attente"),
            ({}, "cancelled", 0, "pas de cotisation à la date de la session : l’inscription restera en attente"),
            ({"max_people": 3}, "paid", 2, "à jour : l’inscription sera confirmée"),
            (
                {"max_people": 3},
                "paid",
                3,
                "sa cotisation est limitée à 3 personnes, nombre déjà atteint : l’inscription restera en attente",
            ),
            (
                {"scope": "person"},
                "waived",
                1,
                "sa cotisation est limitée à 1 personne, nombre déjà atteint : l’inscription restera en attente",
            ),
        ],
    )
    def test_what_each_button_will_do_and_does(
        self,
        coordination: Client,
        registration: Registration,
        fields: dict[str, Any],
        status: str,
        listed: int,
        what: str,
    ) -> None:
        """What is announced is what happens."""
        category = make_category(campaign=make_campaign(year=today(60).year), **fields)
        member = make_member(name="CC des Collines", emails=tuple(f"p{n}@ailleurs.example" for n in range(listed)))
        make_fee(member, category=category, status=status)

        [lines] = blocks(coordination.get(LIST)).values()
        coordination.post(address(registration, "rattacher/"), {"member": member.pk, "retour": "liste"})

        assert lines[1] == f"Rattacher à CC des Collines nom proche – {what}"
        assert status_of(registration) == ("confirmed" if what.endswith("confirmée") else "awaiting_fee")

    def test_a_fee_of_another_year_does_not_count(self, coordination: Client, registration: Registration) -> None:
        category = make_category(campaign=make_campaign(year=today(60).year - 1))
        make_fee(make_member(name="Pays des Collines"), category=category)

        [lines] = blocks(coordination.get(LIST)).values()

        assert lines[1].endswith("pas de cotisation à la date de la session : l’inscription restera en attente")

    def test_an_on_line_form_that_names_the_person(
        self, coordination: Client, registration: Registration, category: FeeCategory
    ) -> None:
        application = Application.objects.create(
            fee=make_fee(make_member(name="Bulletin"), category=category, status="due"),
            category=category,
            amount=category.amount,
            kind="structure",
            name="Bulletin",
            contact_name="Alex",
            email="alex@ailleurs.example",
            method="cheque",
            submission_key="00000000-0000-0000-0000-000000000001",
            received_at=timezone.now(),
            checked_at=timezone.now(),
        )
        ApplicationPerson.objects.create(application=application, email=registration.email)
        day = folded(typography.medium_date(today()))

        [lines] = blocks(coordination.get(LIST)).values()

        assert lines[1] == (
            f"Rattacher à Bulletin bulletin en ligne du {day} – "
            "sa cotisation est attendue : l’inscription restera en attente"
        )

    def test_an_on_line_form_nobody_has_checked(
        self, coordination: Client, registration: Registration, category: FeeCategory
    ) -> None:
        """It proposes no payer: it is to be checked."""
        form = make_application(category=category, name="Bulletin", emails=(registration.email,))

        page = coordination.get(LIST)

        assert links(tree(page))[f"vérifier {form.own_code}, Bulletin"] == (
            f"/admin/members/application/{form.pk}/verifier/"
        )

    def test_a_person_of_the_same_name_elsewhere(self, coordination: Client, registration: Registration) -> None:
        """Another address of someone we know."""
        member = make_member(name="Toute autre structure")
        member.people.create(
            email="perso@messagerie.example", name=f"{registration.last_name} {registration.first_name}"
        )

        [lines] = blocks(coordination.get(LIST)).values()

        assert lines[1].startswith(f"Rattacher à Toute autre structure même nom de personne : {registration.full_name}")

    def test_the_same_queries_for_one_person_or_fifty(self, coordination: Client, registration: Registration) -> None:
        make_fee(
            make_member(name="Pays des Collines"), category=make_category(campaign=make_campaign(year=today(60).year))
        )
        with CaptureQueriesContext(connection) as one:
            coordination.get(LIST)
        for number in range(7):
            make_member(name=f"Collines {number}")
            session = open_session(fee_required=True)
            for _ in range(7):
                registered(session, organisation="Collines")

        with CaptureQueriesContext(connection) as fifty:
            page = coordination.get(LIST)

        assert (len(blocks(page)) > 0, len(fifty)) == (True, len(one))

    def test_the_way_there(self, coordination: Client, registration: Registration) -> None:
        assert links(tree(coordination.get(f"{REGISTRATIONS}?cotisant=a-rattacher")))["À rattacher"] == LIST


class TestAttaching:
    """R14, R16: which member the person belongs to."""

    def test_to_a_member_up_to_date(
        self, coordination: Client, registration: Registration, category: FeeCategory
    ) -> None:
        member = make_member(name="Pays des Collines")
        make_fee(member, category=category)

        page = send(coordination, address(registration, "rattacher/"), member=member.pk)

        assert notices(page) == ["Camille Durand est rattaché·e à Pays des Collines : confirmée."]
        assert list(member.people.values_list("email", "name")) == [("camille@collines.example", "Camille Durand")]
        assert told(registration)[1:] == ["Cotisation à jour, inscription confirmée"]

    @pytest.mark.parametrize(
        ("fields", "status", "why"),
        [
            ({}, "due", "sa cotisation est attendue"),
            ({}, "cancelled", "pas de cotisation à la date de la session"),
            ({"max_people": 1}, "paid", "sa cotisation est limitée à 1 personne, nombre déjà atteint"),
        ],
    )
    def test_to_a_member_whose_fee_does_not_cover_it_says_why(
        self, coordination: Client, registration: Registration, fields: dict[str, Any], status: str, why: str
    ) -> None:
        member = make_member(name="Pays des Collines", emails=("avant@collines.example",))
        category = make_category(campaign=make_campaign(year=today(60).year), **fields)
        make_fee(member, category=category, status=status)

        page = send(coordination, address(registration, "rattacher/"), member=member.pk)

        assert notices(page) == [
            f"Camille Durand est rattaché·e à Pays des Collines : en attente de cotisation ({why})."
        ]

    def test_twice(self, coordination: Client, registration: Registration, category: FeeCategory) -> None:
        member = make_member(name="Pays des Collines")
        make_fee(member, category=category)

        for _ in range(2):
            coordination.post(address(registration, "rattacher/"), {"member": member.pk})

        assert (member.people.count(), len(log(registration)), len(told(registration))) == (1, 2, 2)

    def test_with_the_colleagues_whose_names_were_read(
        self, coordination: Client, registration: Registration, colleague: Registration, category: FeeCategory
    ) -> None:
        member = make_member(name="Pays des Collines")
        make_fee(member, category=category)
        page = coordination.get(LIST)
        late = registered(colleague.session, email="tard@collines.example")
        box = "Rattacher aussi cette personne : Alex Martin"
        assert box in blocks(page)["Camille Durand, Pays des Collines"]
        assert "l’inscription sera confirmée, et celle de 1 autre personne" in folded(main(page))

        answer = coordination.post(
            address(registration, "rattacher/"),
            {"member": member.pk, "together": "on", "others": str(colleague.pk), "retour": "liste"},
            follow=True,
        )

        assert notices(answer) == [
            "Camille Durand est rattaché·e à Pays des Collines : confirmée.",
            "Alex Martin est rattaché·e à Pays des Collines : confirmée.",
        ]
        assert [status_of(person) for person in (registration, colleague, late)] == [
            "confirmed",
            "confirmed",
            "awaiting_fee",
        ]
        assert answer.redirect_chain == [(LIST, 302)]

    def test_the_colleagues_stay_when_the_box_is_not_ticked(
        self, coordination: Client, registration: Registration, colleague: Registration, category: FeeCategory
    ) -> None:
        member = make_member()
        make_fee(member, category=category)

        send(coordination, address(registration, "rattacher/"), member=member.pk)

        assert [status_of(person) for person in (registration, colleague)] == ["confirmed", "awaiting_fee"]

    def test_nobody_else_is_attached_by_a_forged_box(
        self, coordination: Client, registration: Registration, colleague: Registration, category: FeeCategory
    ) -> None:
        """Numbers that mean nothing, and someone who has a member already."""
        other = make_member(emails=("connu@ailleurs.example",))
        known = registered(registration.session, email="connu@ailleurs.example")
        member = make_member()
        make_fee(member, category=category)

        coordination.post(
            address(registration, "rattacher/"),
            {"member": member.pk, "together": "on", "others": f"abc -1 {'9' * 30} 999 {known.pk}"},
        )

        assert list(member.people.values_list("email", flat=True)) == ["camille@collines.example"]
        assert list(other.people.values_list("email", flat=True)) == ["connu@ailleurs.example"]

    def test_a_member_one_searches(
        self, coordination: Client, registration: Registration, category: FeeCategory
    ) -> None:
        likely = make_member(name="Pays des Collines")
        member = make_member(name="Fédération des Bocages")
        make_fee(member, category=category)
        path = address(registration, "rattacher/")

        page = coordination.get(path, {"q": "federation", "member": member.pk})

        assert [folded(text(item)) for item in tree(page).findall(".//ul[@class='choices']/li")] == [
            "Pays des Collines même nom – pas de cotisation à la date de la session : l’inscription restera en attente",
            "Fédération des Bocages à jour : l’inscription sera confirmée",
        ]
        assert typed(page)["member"] == str(member.pk)
        coordination.post(path, typed(page))
        assert [list(one.people.values_list("email", flat=True)) for one in (likely, member)] == [
            [],
            ["camille@collines.example"],
        ]

    def test_what_is_chosen_stays_while_one_searches_again(
        self, coordination: Client, registration: Registration
    ) -> None:
        member = make_member(name="Fédération des Bocages")

        page = coordination.get(address(registration, "rattacher/"), {"q": "rien", "member": member.pk})

        assert typed(page)["member"] == str(member.pk)

    @pytest.mark.parametrize(
        ("member", "sentence"),
        [
            ("", "Choisissez un cotisant."),
            ("999", "Ce cotisant n’existe plus : choisissez-en un autre."),
            ("abc", "Ce cotisant n’existe plus : choisissez-en un autre."),
            ("9" * 30, "Ce cotisant n’existe plus : choisissez-en un autre."),
        ],
    )
    def test_to_nobody(
        self, coordination: Client, registration: Registration, colleague: Registration, member: str, sentence: str
    ) -> None:
        page = send(coordination, address(registration, "rattacher/"), member=member, q="collines", together="on")

        assert [folded(said) for said in complaints(page)] == [sentence]
        assert (typed(page)["q"], "together" in typed(page)) == ("collines", True)

    def test_reading_attaches_nobody(self, coordination: Client, registration: Registration) -> None:
        member = make_member(name="Pays des Collines")
        before = rows()

        coordination.get(LIST)
        coordination.get(address(registration, "rattacher/"), {"member": member.pk, "q": "pays", "together": "on"})
        coordination.get(address(registration, "creer-le-cotisant/"))

        assert rows() == before


class TestCreatingTheMember:
    """R14: from what the person typed, with the fee that is expected."""

    def create(self, client: Client, registration: Registration, **changes: Any) -> Any:
        return send(client, address(registration, "creer-le-cotisant/"), **changes)

    def test_filled_with_what_the_person_typed(self, coordination: Client, registration: Registration) -> None:
        form = typed(coordination.get(address(registration, "creer-le-cotisant/")))

        assert {name: form[name] for name in ("name", "contact_name", "email", "phone", "kind")} == {
            "name": "Pays des Collines",
            "contact_name": "Camille Durand",
            "email": "camille@collines.example",
            "phone": "06 12 34 56 78",
            "kind": ["structure"],
        }

    def test_with_its_fee_and_its_call(
        self, coordination: Client, registration: Registration, category: FeeCategory
    ) -> None:
        page = self.create(
            coordination, registration, siret="732 829 320 00074", category=category.pk, method="mandate"
        )

        member = Member.objects.get()
        assert [folded(said) for said in notices(page)] == [
            "Le cotisant « Pays des Collines » est créé. Sa cotisation de 80 € est attendue, "
            "l’appel part pour camille@collines.example.",
            "Camille Durand est rattaché·e à Pays des Collines : "
            "en attente de cotisation (sa cotisation est attendue).",
        ]
        assert (member.siret, member.kind) == ("73282932000074", "structure")
        assert list(member.people.values_list("email", "name")) == [("camille@collines.example", "Camille Durand")]
        assert list(member.fees.values_list("category", "status", "method")) == [(category.pk, "due", "mandate")]
        assert told(registration)[1:] == [f"Appel de cotisation {member.fees.get().code}"]
        assert blocks(coordination.get(LIST)) == {}

    def test_without_call_nor_fee(
        self, coordination: Client, registration: Registration, category: FeeCategory
    ) -> None:
        page = coordination.get(address(registration, "creer-le-cotisant/"))
        form = {name: value for name, value in typed(page).items() if name != "is_called"}
        before = messages()

        coordination.post(address(registration, "creer-le-cotisant/"), form)

        assert (Member.objects.get().fees.count(), messages()) == (0, before)

    def test_with_the_colleagues(
        self, coordination: Client, registration: Registration, colleague: Registration
    ) -> None:
        self.create(coordination, registration, together="on", retour="liste")

        assert list(Member.objects.get().people.values_list("email", flat=True)) == [
            "camille@collines.example",
            "alex@collines.example",
        ]

    def test_twice(self, coordination: Client, registration: Registration, category: FeeCategory) -> None:
        path = address(registration, "creer-le-cotisant/")
        form = {**typed(coordination.get(path)), "category": category.pk, "siret": "73282932000074"}

        answers = [coordination.post(path, form, follow=True) for _ in range(2)]

        assert (Member.objects.count(), MembershipFee.objects.count(), len(told(registration))) == (1, 1, 2)
        assert notices(answers[1]) == ["Camille Durand est déjà rattaché·e à Pays des Collines."]

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"name": ""}, "Ce champ est obligatoire."),
            (
                {"siret": "732 829 320 00074"},
                "Ce SIRET est celui de « Déjà là » : rattachez plutôt la personne à ce cotisant.",
            ),
            ({"siret": "123"}, "Ce numéro SIRET n’est pas valide : vérifiez ses quatorze chiffres."),
            (
                {"email": "", "category": "{category}"},
                "Indiquez où envoyer l’appel de cotisation, ou décochez son envoi.",
            ),
            ({"category": "999"}, "Sélectionnez un choix valide. Ce choix ne fait pas partie de ceux disponibles."),
        ],
    )
    def test_what_is_wrong_is_said_and_nothing_is_lost(
        self,
        coordination: Client,
        registration: Registration,
        category: FeeCategory,
        changes: dict[str, str],
        sentence: str,
    ) -> None:
        make_member(name="Déjà là", siret="73282932000074")
        changes = {name: value.format(category=category.pk) for name, value in changes.items()}

        page = self.create(coordination, registration, **{"phone": "06 00 00 00 00", **changes})

        assert [folded(said) for said in complaints(page)] == [sentence]
        assert typed(page)["phone"] == "06 00 00 00 00"
        assert Member.objects.count() == 1

    def test_members_that_look_like_it_are_named_first(self, coordination: Client, registration: Registration) -> None:
        make_member(name="Pays des Collines")

        page = coordination.get(address(registration, "creer-le-cotisant/"))

        assert "Est-ce un cotisant connu ? Pays des Collines même nom" in main(page)
        assert links(tree(page))["Rattacher plutôt Camille Durand à l’un d’eux"] == address(registration, "rattacher/")

    def test_without_campaign(self, coordination: Client, registration: Registration) -> None:
        page = coordination.get(address(registration, "creer-le-cotisant/"))

        assert "aucune cotisation ne peut être ouverte" in main(page)
        self.create(coordination, registration)
        assert list(Member.objects.get().people.values_list("email", flat=True)) == ["camille@collines.example"]


class TestWhoMay:
    def test_a_trainer_sees_and_does_nothing(self, category: FeeCategory) -> None:
        """Even for the people of their own sessions; for those of others, a 404."""
        account = make_staff(group="Formateurs")
        trainer = signed_in(account)
        mine = registered(open_session(fee_required=True, trainers=(make_trainer(user=account),)))
        other = registered(open_session(fee_required=True))
        member = make_member()
        form = {"member": member.pk, "name": "Intrus", "kind": "structure"}
        pages = ("rattacher/", "creer-le-cotisant/", "cotisation/")

        assert trainer.get(LIST).status_code == 403
        for registration, code in ((mine, 403), (other, 404)):
            answers = [trainer.get(address(registration, page)).status_code for page in pages]
            answers += [trainer.post(address(registration, page), form).status_code for page in pages]
            assert answers == [code] * 6
        assert (member.people.count(), Member.objects.count()) == (0, 1)
        assert "À rattacher" not in links(tree(trainer.get(REGISTRATIONS)))


class TestRecordingTheFee:
    """R13, R16: the seat is confirmed at once, by the fee of a known or new member."""

    def record(self, client: Client, registration: Registration, category: FeeCategory, **changes: Any) -> Any:
        return send(client, address(registration, "cotisation/"), category=category.pk, **changes)

    def test_of_a_new_member_named_after_the_structure(
        self, coordination: Client, registration: Registration, category: FeeCategory
    ) -> None:
        page = self.record(coordination, registration, category, method="cheque", reference="n° 123")

        member = Member.objects.get()
        assert notices(page) == ["Cotisation enregistrée. Camille Durand : confirmée."]
        assert (member.name, member.contact_name, member.email) == (
            "Pays des Collines",
            "Camille Durand",
            "camille@collines.example",
        )
        assert list(member.people.values_list("email", flat=True)) == ["camille@collines.example"]
        assert list(member.fees.values_list("category", "status", "method", "reference")) == [
            (category.pk, "paid", "cheque", "n° 123")
        ]
        assert log(registration)[1:] == [
            ("awaiting_fee", "confirmed", "règle automatique", "cotisation acceptée (Pays des Collines)")
        ]
        receipt = f"Cotisation reçue, reçu n° {timezone.localdate().year}-0001"
        assert told(registration)[1:] == [receipt, "Cotisation à jour, inscription confirmée"]

    @pytest.mark.parametrize(("before", "after"), [("due", "paid"), ("due", "waived"), ("committed", "paid")])
    def test_of_a_known_member(
        self, coordination: Client, registration: Registration, category: FeeCategory, before: str, after: str
    ) -> None:
        member = make_member(name="Pays des Collines")
        fee = make_fee(member, category=category, status=before)

        self.record(coordination, registration, category, member=member.pk, status=after)

        assert [status_of(fee), status_of(registration)] == [after, "confirmed"]
        assert (Member.objects.count(), MembershipFee.objects.count()) == (1, 1)
        assert told(registration)[1:] == ["Cotisation à jour, inscription confirmée"]

    def test_the_member_that_lists_the_person_is_proposed(
        self, coordination: Client, registration: Registration, category: FeeCategory
    ) -> None:
        member = make_member(name="Pays des Collines", emails=("camille@collines.example",))

        self.record(coordination, registration, category)

        assert list(Member.objects.all()) == [member]
        assert status_of(registration) == "confirmed"

    def test_only_likely_members_are_listed_and_the_one_that_was_sent(
        self, coordination: Client, registration: Registration, category: FeeCategory
    ) -> None:
        make_member(name="Commune des Collines")
        other = make_member(name="Fédération des Bocages")
        path = address(registration, "cotisation/")

        pages = [coordination.get(path), coordination.post(path, {"member": other.pk})]

        assert [[text(option) for option in by_id(tree(page), "id_member")] for page in pages] == [
            ["Nouveau cotisant", "Commune des Collines"],
            ["Nouveau cotisant", "Fédération des Bocages", "Commune des Collines"],
        ]

    def test_of_a_member_already_paid_the_person_is_only_attached(
        self, coordination: Client, registration: Registration, category: FeeCategory
    ) -> None:
        member = make_member()
        fee = make_fee(member, category=category)

        self.record(coordination, registration, category, member=member.pk)

        assert list(member.fees.all()) == [fee]
        assert status_of(registration) == "confirmed"

    def test_what_cannot_be_is_said_and_nothing_is_kept(
        self, coordination: Client, registration: Registration, category: FeeCategory
    ) -> None:
        member = make_member(name="Pays des Collines")
        make_fee(member, category=category, status="paid")

        page = self.record(coordination, registration, category, member=member.pk, status="committed")

        assert f"La cotisation de Pays des Collines pour {category.campaign} (COT-" in main(page)
        assert "est payée depuis le 1er mars 2017, reçu n° 2017-0001." in folded(main(page))
        assert status_of(registration) == "awaiting_fee"
        assert member.people.count() == 0

    def test_a_second_time_by_mistake(
        self, coordination: Client, registration: Registration, category: FeeCategory
    ) -> None:
        form = {"new_member": "Pays des Collines", "member": "", "category": category.pk, "status": "paid"}

        for _ in range(2):
            coordination.post(address(registration, "cotisation/"), form)

        assert (Member.objects.count(), MembershipFee.objects.count()) == (1, 1)
        receipt = f"Cotisation reçue, reçu n° {timezone.localdate().year}-0001"
        assert told(registration)[1:] == [receipt, "Cotisation à jour, inscription confirmée"]

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"member": "", "new_member": ""}, "Choisissez un cotisant, ou donnez le nom du nouveau."),
            ({"category": ""}, "Ce champ est obligatoire."),
            ({"category": "999"}, "Sélectionnez un choix valide. Ce choix ne fait pas partie de ceux disponibles."),
            ({"status": "due"}, "Sélectionnez un choix valide. due n’en fait pas partie."),
            ({"new_member": "Pays\ndes Collines"}, "Écrivez ce texte sur une seule ligne."),
        ],
    )
    def test_what_is_missing_is_said(
        self,
        coordination: Client,
        registration: Registration,
        category: FeeCategory,
        changes: dict[str, str],
        sentence: str,
    ) -> None:
        page = send(coordination, address(registration, "cotisation/"), **{"category": category.pk, **changes})

        assert complaints(page) == [sentence]
        assert not Member.objects.exists()

    def test_the_scale_is_that_of_the_date_of_the_session(
        self, coordination: Client, registration: Registration, category: FeeCategory
    ) -> None:
        make_category(campaign=make_campaign(year=today(60).year - 1), label="De l’an passé")

        page = tree(coordination.get(address(registration, "cotisation/")))

        options = [text(option) for option in by_id(page, "id_category").findall("option")]
        assert options == ["Choisissez…", str(category)]

    def test_without_campaign_it_says_what_to_do(self, coordination: Client, registration: Registration) -> None:
        words = main(coordination.get(address(registration, "cotisation/")))

        assert "Aucune campagne ne couvre la date de cette session : créez-la d’abord." in words
