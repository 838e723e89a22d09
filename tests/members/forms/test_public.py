"""What is typed in the on-line membership form: well formed, or a sentence that says what to do (R12, R14, R15)."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.http import QueryDict

from members.forms import MORE, ApplicationForm
from members.forms.public import LINES, MAX_LINES, MORE_LINES
from members.models import FeeCategory
from tests.factories import make_campaign, make_category
from tests.support.traces import folded

pytestmark = pytest.mark.django_db

TYPED = {
    "name": "Pays des Collines",
    "contact_name": "Camille Durand",
    "email": "Camille@Collines.example ",
    "method": "transfer",
    "covers_contact": "on",
    "personnes-TOTAL_FORMS": "3",
    "personnes-INITIAL_FORMS": "0",
}


@pytest.fixture
def category() -> FeeCategory:
    """A structure and all its people."""
    return make_category(label="Association", amount=Decimal("80.00"))


@pytest.fixture
def person() -> FeeCategory:
    return make_category(label="Personne", scope="person")


@pytest.fixture
def limited() -> FeeCategory:
    return make_category(label="Petite structure", max_people=2)


def form_of(scale: FeeCategory, /, *, must_cover: str = "", lines: tuple[str, ...] = (), **changes: Any) -> Any:
    """The form as a browser sends it; `lines` are addresses, and None leaves a field out."""
    data = QueryDict(mutable=True)
    typed = {**TYPED, "category": str(scale.pk), "personnes-TOTAL_FORMS": str(max(len(lines), 3)), **changes}
    for number, email in enumerate(lines):
        typed[f"personnes-{number}-email"] = email
        typed.setdefault(f"personnes-{number}-name", "")
    data.update({name: value for name, value in typed.items() if value is not None})
    return ApplicationForm.of(data, categories=list(FeeCategory.objects.all()), must_cover=must_cover)


def faults(form: ApplicationForm) -> list[str]:
    """What is wrong, in the order of the page."""
    assert not form.is_valid()
    return [folded(error) for _, _, error in form.faults]


def people(form: ApplicationForm) -> list[tuple[str, str]]:
    assert form.is_valid(), form.faults
    return [(person.email, person.name) for person in form.application()[1]]


class TestWellFormed:
    def test_the_least_one_may_type(self, category: FeeCategory) -> None:
        form = form_of(category)

        assert people(form) == [("camille@collines.example", "Camille Durand")]
        application, _ = form.application()
        assert (application.kind, application.amount, application.email, application.method) == (
            "structure",
            category.amount,
            "camille@collines.example",
            "transfer",
        )
        assert isinstance(application.submission_key, UUID)

    def test_everything(self, category: FeeCategory) -> None:
        typed = {
            "siret": "732 829 320 00074",
            "address": "1 place\n69000 Lyon",
            "phone": "04 78 00 00 00",
            "domain": "@Collines.EXAMPLE",
            "method": "mandate",
            "service_code": "SERVICE-7",
            "engagement_number": "33",
        }
        form = form_of(category, lines=("Autre@ailleurs.example",), **typed)

        assert people(form)[1:] == [("autre@ailleurs.example", "")]
        application, _ = form.application()
        assert {name: getattr(application, name) for name in typed} == {
            **typed,
            "siret": "73282932000074",
            "domain": "collines.example",
        }

    def test_a_key_that_is_not_one_refuses_nobody(self, category: FeeCategory) -> None:
        for key in ("", "n’importe quoi", "x" * 5000, None):
            form = form_of(category, submission_key=key)
            assert form.is_valid()
            assert isinstance(form.application()[0].submission_key, UUID)

    def test_the_contact_named_on_a_line_too_counts_once(self, category: FeeCategory) -> None:
        form = form_of(category, lines=("b@x.example", "CAMILLE@collines.example"))

        assert [email for email, _ in people(form)] == ["camille@collines.example", "b@x.example"]

    def test_the_contact_left_out(self, category: FeeCategory) -> None:
        """An accountant who pays for others."""
        form = form_of(category, covers_contact=None, lines=("", "b@x.example"))

        assert people(form) == [("b@x.example", "")]

    def test_a_person_pays_for_themselves(self, person: FeeCategory) -> None:
        form = form_of(person, name="Camille Durand", contact_name="")

        assert people(form) == [("camille@collines.example", "Camille Durand")]
        assert form.application()[0].kind == "person"
        assert form.application()[0].contact_name == "Camille Durand"

    def test_a_domain_covers_without_naming_anybody(self, category: FeeCategory) -> None:
        assert people(form_of(category, covers_contact=None, domain="collines.example")) == []

    def test_exactly_as_many_as_the_limit(self, limited: FeeCategory) -> None:
        assert len(people(form_of(limited, lines=("b@x.example",)))) == 2


class TestToCorrect:
    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"category": ""}, "Choisissez une catégorie."),
            ({"category": "999999999999999999999999"}, "Choisissez une catégorie."),
            ({"category": "x"}, "Choisissez une catégorie."),
            ({"category": "1\x00"}, "Le caractère nul n’est pas autorisé."),
            ({"name": ""}, "Ce champ est obligatoire."),
            ({"contact_name": ""}, "Donnez le nom de la personne à qui nous pouvons écrire."),
            ({"contact_name": "<b>"}, "Saisissez un nom, sans adresse ni signe < > @ ou /."),
            ({"email": ""}, "Ce champ est obligatoire."),
            ({"email": "camille@"}, "Saisissez une adresse e-mail complète, par exemple prenom.nom@structure.fr."),
            (
                {"email": "d’exemple@struct1.example"},
                "Cette adresse contient une apostrophe courbe : est-ce « d'exemple@struct1.example » ?",
            ),
            (
                {"personnes-0-email": "alix@struct1.example."},
                "Cette adresse finit par « . » : est-ce « alix@struct1.example » ?",
            ),
            (
                {"name": "Gratuit: https://evil.example/prix"},
                "N’écrivez pas ici d’adresse de site : retirez « https://evil.example/prix ».",
            ),
            (
                {"personnes-0-name": "www.evil.example", "personnes-0-email": "b@x.example"},
                "N’écrivez pas ici d’adresse de site : retirez « www.evil.example ».",
            ),
            ({"siret": "732 829 320 00075"}, "Ce numéro SIRET n’est pas valide : vérifiez ses quatorze chiffres."),
            (
                {"method": "mandate"},
                "Un mandat administratif demande le SIRET de votre structure : indiquez-le.",
            ),
            ({"method": ""}, "Choisissez un moyen de paiement."),
            ({"covers_contact": None}, "Indiquez au moins une personne à couvrir."),
            (
                {"personnes-0-name": "Sans Adresse", "personnes-0-email": ""},
                "Donnez l’adresse e-mail de cette personne : c’est par elle qu’elle est reconnue.",
            ),
            (
                {"personnes-TOTAL_FORMS": "beaucoup"},
                "La liste des personnes n’est pas lisible : rechargez la page, puis recommencez.",
            ),
        ],
    )
    def test_a_sentence_that_says_what_to_do(self, category: FeeCategory, changes: dict[str, Any], said: str) -> None:
        assert faults(form_of(category, **changes)) == [said]

    def test_a_category_that_is_not_offered(self, category: FeeCategory) -> None:
        old = make_category(campaign=make_campaign(year=2001))
        form = ApplicationForm.of(form_of(old).data, categories=[category])

        assert faults(form) == ["Choisissez une catégorie."]

    @pytest.mark.parametrize("domain", ["gmail.com", "orange.fr", "@Hotmail.fr", "educagri.fr"])
    def test_a_mailbox_open_to_all(self, category: FeeCategory, domain: str) -> None:
        """R14."""
        [said] = faults(form_of(category, domain=domain))

        assert said.endswith("ajoutez plutôt les personnes une par une.")

    def test_a_domain_where_people_are_counted(self, limited: FeeCategory, person: FeeCategory) -> None:
        assert faults(form_of(limited, domain="collines.example")) == [
            "Cette catégorie couvre 2 personnes au plus : nommez-les ci-dessus et laissez ce champ vide."
        ]
        assert faults(form_of(person, domain="collines.example")) == [
            "Une cotisation individuelle ne couvre qu’une personne : laissez ce champ vide."
        ]

    def test_more_people_than_the_limit(self, limited: FeeCategory, person: FeeCategory) -> None:
        assert faults(form_of(limited, lines=("b@x.example", "c@x.example"))) == [
            "Cette catégorie couvre 2 personnes au plus, et vous en nommez 3 : retirez-en, ou choisissez une autre "
            "catégorie."
        ]
        assert faults(form_of(person, lines=("b@x.example",))) == [
            "Cette catégorie couvre 1 personne au plus, et vous en nommez 2 : retirez-en, ou choisissez une autre "
            "catégorie."
        ]

    def test_the_same_address_twice(self, category: FeeCategory) -> None:
        form = form_of(category, lines=("b@x.example", "c@x.example", "B@X.example"))

        assert faults(form) == ["Cette adresse figure déjà à la personne 1."]
        assert [anchor for anchor, _, _ in form.faults] == ["id_personnes-2-email"]

    def test_the_person_it_is_for_is_left_out(self, category: FeeCategory) -> None:
        """R14: the registration is covered because its address is named."""
        assert people(form_of(category, must_cover="camille@collines.example"))
        assert faults(form_of(category, must_cover="autre@collines.example", domain="collines.example")) == [
            "Gardez autre@collines.example parmi les personnes couvertes : c’est l’adresse de l’inscription qui "
            "attend cette cotisation."
        ]

    def test_each_fault_leads_to_its_field(self, category: FeeCategory) -> None:
        form = form_of(category, category="", method="", name="", siret="12", lines=("non",))
        shown = str(form["category"]) + str(form["method"]) + str(form["name"]) + str(form["siret"])
        shown += str(form.lines.forms[0]["email"])

        assert not form.is_valid()
        assert [(anchor, label) for anchor, label, _ in form.faults] == [
            ("id_category_0", "Quelle cotisation"),
            ("id_name", "Nom de la structure, ou vos nom et prénom"),
            ("id_siret", "SIRET"),
            ("id_method_0", "Comment vous réglez"),
            ("id_personnes-0-email", "Adresse e-mail de la personne 1"),
        ]
        assert all(f'id="{anchor}"' in shown for anchor, _, _ in form.faults)


class TestMoreLines:
    def test_everything_typed_is_kept_and_nothing_is_judged(self, category: FeeCategory) -> None:
        wrong = {"name": "", "email": "camille@", "siret": "12 34", "address": "1\nrue", "covers_contact": None}
        sent = form_of(category, lines=("b@x.example", "pas une adresse", "b@x.example"), **wrong, **{MORE: ""})

        assert (sent.is_bound, sent.errors, sent.faults) == (False, {}, [])
        assert [line["email"].value() for line in sent.lines.forms] == [
            *("b@x.example", "pas une adresse", "b@x.example"),
            *[None] * MORE_LINES,
        ]
        assert {name: sent[name].value() for name in wrong} == {**wrong, "covers_contact": False}
        assert str(sent["category"].value()) == str(category.pk)

    def test_as_many_as_allowed(self, category: FeeCategory) -> None:
        lines = tuple(f"p{n}@x.example" for n in range(MAX_LINES - 1))
        more = form_of(category, lines=lines, **{MORE: ""})

        assert (len(more.lines.forms), more.can_have_more_lines) == (MAX_LINES, False)
        assert len(people(form_of(category, lines=(*lines, "dernier@x.example")))) == MAX_LINES + 1

    def test_a_forged_number_of_lines(self, category: FeeCategory) -> None:
        form = form_of(category, **{"personnes-TOTAL_FORMS": "1000000"})
        assert len(form.lines.forms) <= MAX_LINES
        more = form_of(category, **{"personnes-TOTAL_FORMS": "x", MORE: ""})
        assert len(more.lines.forms) == LINES


class TestTheScale:
    def test_one_category_is_chosen_already(self, category: FeeCategory) -> None:
        form = ApplicationForm.of(None, categories=[category])
        assert form["category"].value() == category.pk

    def test_amounts_and_whom_they_cover(self, person: FeeCategory, limited: FeeCategory) -> None:
        limited.amount, limited.description = Decimal("1200.50"), "moins de 10 salariés"
        form = ApplicationForm.of(None, categories=[person, limited])

        assert [folded(str(label)) for _, label in form.fields["category"].choices] == [
            'Personne : <strong>100 €</strong> <span class="table-note">Une personne</span>',
            'Petite structure : <strong>1 200,50 €</strong> <span class="table-note">Une structure, jusqu’à '
            "2 personnes. moins de 10 salariés</span>",
        ]

    def test_two_campaigns(self, category: FeeCategory) -> None:
        later = make_category(campaign=make_campaign(year=2018, name="Cotisation 2018"))
        form = ApplicationForm.of(None, categories=[category, later])

        assert [name for name, _ in form.fields["category"].choices] == ["Cotisation 2017", "Cotisation 2018"]
