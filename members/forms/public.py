"""What whoever joins types: the on-line membership form (R12, R14, R15)."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Self, cast
from uuid import UUID, uuid4

from django import forms
from django.http import QueryDict
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from caprural import typed_again, typography, validators
from members.models import Application, ApplicationPerson, FeeCategory, MembershipFee

Method = MembershipFee.Method

#: Lines for people on a blank form, lines added at a time, and lines at most: beyond, a domain or a list does better.
LINES = 3
MORE_LINES = 3
MAX_LINES = 60
#: The name of the button that asks for more lines.
MORE = "plus"
PEOPLE = "personne,personnes"


class PersonForm(forms.ModelForm):
    """One line: a person to cover, known by their address (R14)."""

    class Meta:
        model = ApplicationPerson
        fields = ("name", "email")
        # Other people's: the browser must not offer what is known of whoever types.
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "off"}),
            "email": forms.EmailInput(attrs={"autocomplete": "off"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].required = False  # a line may be left blank

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if not email and self.cleaned_data.get("name"):
            raise forms.ValidationError(
                "Donnez l’adresse e-mail de cette personne : c’est par elle qu’elle est reconnue."
            )
        return email


class PeopleFormSet(forms.BaseFormSet):
    """The lines, as many as were asked for; those left blank say nothing."""

    default_error_messages = {
        "missing_management_form": "La liste des personnes n’est pas lisible : rechargez la page, puis recommencez.",
    }

    def initial_form_count(self) -> int:
        """None: a line that came filled may be emptied."""
        return 0

    def add_fields(self, form: forms.Form, index: int | None) -> None:
        super().add_fields(form, index)
        if index is not None:
            form.fields["name"].label = f"Prénom et nom de la personne {index + 1}"
            form.fields["email"].label = f"Adresse e-mail de la personne {index + 1}"

    def clean(self) -> None:
        lines: dict[str, int] = {}
        for number, form in enumerate(self.forms, 1):
            email = form.cleaned_data.get("email") if form.is_valid() else None
            if email in lines:
                form.add_error("email", f"Cette adresse figure déjà à la personne {lines[email]}.")
            elif email:
                lines[email] = number

    @property
    def people(self) -> list[ApplicationPerson]:
        """Those of the lines that are filled and well formed."""
        return [form.instance for form in self.forms if form.is_valid() and form.cleaned_data.get("email")]


_Lines = forms.formset_factory(PersonForm, formset=PeopleFormSet, extra=0, max_num=MAX_LINES, absolute_max=MAX_LINES)


class ApplicationForm(forms.ModelForm):
    """The on-line membership form: who pays, for what, and its lines of people (`lines`).

    `categories` are those one may choose from. `must_cover`: the address for which it is filled, which stays among the
    people. `initial` and `people`: what is known already.
    """

    covers_contact = forms.BooleanField(
        label="La personne à contacter fait partie des personnes couvertes", required=False, initial=True
    )
    submission_key = forms.CharField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Application
        widgets = {
            "category": forms.RadioSelect,
            "name": forms.TextInput(attrs={"autocomplete": "organization"}),
            "siret": forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
            "address": forms.Textarea(attrs={"rows": 3, "autocomplete": "street-address"}),
            "contact_name": forms.TextInput(attrs={"autocomplete": "name"}),
            "email": forms.EmailInput(attrs={"autocomplete": "email"}),
            "phone": forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
            "domain": forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
            "method": forms.RadioSelect,
            "service_code": forms.TextInput(attrs={"autocomplete": "off"}),
            "engagement_number": forms.TextInput(attrs={"autocomplete": "off"}),
        }
        fields = tuple(widgets)
        labels = {
            "category": "Quelle cotisation",
            "method": "Comment vous réglez",
            "name": "Nom de la structure, ou vos nom et prénom",
            "domain": "Domaine des adresses e-mail de la structure",
        }
        error_messages = {
            "category": {"required": "Choisissez une catégorie.", "invalid_choice": "Choisissez une catégorie."},
            "method": {"required": "Choisissez un moyen de paiement."},
        }
        help_texts = {
            "siret": "Les quatorze chiffres qui identifient un établissement. Obligatoire pour un mandat "
            "administratif ; facultatif sinon.",
            "contact_name": "Prénom et nom. Vous cotisez à titre individuel ? Laissez vide.",
            "email": "Elle reçoit le bulletin rempli, puis le reçu.",
            "domain": "Facultatif : ce qui suit l’arobase, par exemple « mairie-exemple.fr ». Toutes les personnes "
            "qui ont une adresse à ce domaine sont alors couvertes. Pas de messagerie ouverte à tous (gmail.com, "
            "orange.fr…).",
            "service_code": "Si votre structure en a un.",
            "engagement_number": "Celui du bon de commande. Vous pourrez aussi nous l’envoyer plus tard.",
        }

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        categories: Sequence[FeeCategory],
        must_cover: str = "",
        initial: Mapping[str, Any] | None = None,
        people: Sequence[Mapping[str, Any]] = (),
        lines: int = LINES,
    ) -> None:
        super().__init__(data, initial={"submission_key": uuid4(), **(initial or {})}, use_required_attribute=False)
        self.must_cover = must_cover
        # A line sent as it came is still a line: what it came with is not compared with what was sent.
        offered = list(people) if data is None else None
        self.lines = cast(PeopleFormSet, _Lines(data, prefix="personnes", initial=offered))
        self.lines.extra = min(max(lines, len(people)), MAX_LINES)
        category = cast(forms.ModelChoiceField, self.fields["category"])
        category.queryset = FeeCategory.objects.filter(pk__in=[category.pk for category in categories])
        category.choices = _grouped(categories)
        if len(categories) == 1:
            category.initial = categories[0].pk
        method = cast(forms.ChoiceField, self.fields["method"])
        method.choices = [(choice.value, _METHODS[choice]) for choice in Method]
        # Left blank by someone who pays for themselves; whatever comes in the hidden field refuses nobody.
        self.fields["contact_name"].required = False
        self.fields["submission_key"].validators = []

    @classmethod
    def of(cls, data: QueryDict | None, **known: Any) -> Self:
        """What is asked with a request: the blank form, the form as it was sent, or the same with more lines.

        Someone who asks for more lines has not finished: nothing is judged, nothing is lost.
        """
        comes_back = typed_again.typed() if data is None else None
        if comes_back is None and (data is None or MORE not in data):
            return cls(data, **known)
        sent = cls(comes_back or data, **known)
        people = [{name: line[name].data for name in line.fields} for line in sent.lines.forms]
        typed = {name: sent[name].data for name in sent.fields}
        return cls(
            **{**known, "initial": typed, "people": people, "lines": len(people) + (0 if comes_back else MORE_LINES)}
        )

    @property
    def can_have_more_lines(self) -> bool:
        """Whether lines may still be added."""
        return len(self.lines.forms) < MAX_LINES

    def is_valid(self) -> bool:
        return super().is_valid() and self.lines.is_valid()

    @property
    def faults(self) -> list[tuple[str, str, str]]:
        """Each thing to correct: where in the page, the field's label, the sentence."""
        fields: Iterable[Any] = [self[name] for name in self.fields]
        fields = [*fields, *(line[name] for line in self.lines.forms for name in line.fields)]
        found = [("", "", str(error)) for error in [*self.non_field_errors(), *self.lines.non_form_errors()]]
        return found + [
            (_anchor(field), capfirst(field.label), str(error)) for field in fields for error in field.errors
        ]

    def clean_domain(self) -> str:
        return validators.normalise_domain(self.cleaned_data["domain"])

    def clean_submission_key(self) -> UUID:
        """The key of this rendering of the form, by which the same form sent twice is recognised."""
        try:
            return UUID(self.cleaned_data["submission_key"])
        except ValueError:
            return uuid4()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        category: FeeCategory | None = cleaned.get("category")
        is_person = category is not None and category.scope == FeeCategory.Scope.PERSON
        if is_person and "name" in cleaned:
            cleaned["contact_name"] = cleaned.get("contact_name") or cleaned["name"]
        elif cleaned.get("contact_name") == "":
            self.add_error("contact_name", "Donnez le nom de la personne à qui nous pouvons écrire.")
        if cleaned.get("method") == Method.MANDATE and cleaned.get("siret") == "":
            self.add_error("siret", "Un mandat administratif demande le SIRET de votre structure : indiquez-le.")
        if category and cleaned.get("domain"):
            self._check_domain(category)
        if self.lines.is_valid() and not {"email", "contact_name"} & self.errors.keys():
            self._check_people(category, cleaned)
        return cleaned

    def _check_domain(self, category: FeeCategory) -> None:
        if category.scope == FeeCategory.Scope.PERSON:
            self.add_error("domain", "Une cotisation individuelle ne couvre qu’une personne : laissez ce champ vide.")
        elif category.max_people:
            self.add_error(
                "domain",
                f"Cette catégorie couvre {typography.counted(category.max_people, PEOPLE)} au plus : "
                "nommez-les ci-dessus et laissez ce champ vide.",
            )

    def _check_people(self, category: FeeCategory | None, cleaned: dict[str, Any]) -> None:
        people = self._people(cleaned)
        limit = category.people_limit if category else None
        if not people and not cleaned.get("domain"):
            fault = "Indiquez au moins une personne à couvrir."
        elif limit is not None and len(people) > limit:
            fault = (
                f"Cette catégorie couvre {typography.counted(limit, PEOPLE)} au plus, "
                f"et vous en nommez {len(people)} : retirez-en, ou choisissez une autre catégorie."
            )
        elif self.must_cover and self.must_cover not in [person.email for person in people]:
            fault = (
                f"Gardez {self.must_cover} parmi les personnes couvertes : c’est l’adresse de l’inscription qui "
                "attend cette cotisation."
            )
        else:
            return
        self.add_error("covers_contact", fault)

    def _people(self, cleaned: dict[str, Any]) -> list[ApplicationPerson]:
        """The contact first when it is covered; also named on a line, it counts once."""
        if not cleaned.get("covers_contact"):
            return self.lines.people
        contact = ApplicationPerson(email=cleaned["email"], name=cleaned.get("contact_name", ""))
        return [contact, *(person for person in self.lines.people if person.email != contact.email)]

    def application(self) -> tuple[Application, list[ApplicationPerson]]:
        """The unsaved application and people that `applying.apply` takes."""
        application: Application = self.instance
        application.kind = application.category.scope
        application.amount = application.category.amount
        application.submission_key = self.cleaned_data["submission_key"]
        return application, self._people(self.cleaned_data)


_METHODS = {
    Method.TRANSFER: "Virement",
    Method.CHEQUE: "Chèque",
    Method.MANDATE: "Mandat administratif (organismes publics)",
}


def _anchor(field: forms.BoundField) -> str:
    """Where a fault leads: the field, or the first button of a group, which has no field of its own."""
    buttons = [str(button.id_for_label) for button in field.subwidgets] if not field.id_for_label else []
    return field.id_for_label or (buttons[0] if buttons else "")


def _grouped(categories: Sequence[FeeCategory]) -> list[tuple[Any, Any]]:
    """The scale as buttons, under the name of each campaign when there are several."""
    groups = [
        (campaign.name, [(category.pk, _label(category)) for category in scale])
        for campaign, scale in groupby(categories, key=lambda category: category.campaign)
    ]
    return list(groups[0][1]) if len(groups) == 1 else list(groups)


def _label(category: FeeCategory) -> SafeString:
    """A line of the scale: label, amount, whom it covers."""
    covers = ". ".join(filter(None, (capfirst(category.scope_label), category.description)))
    amount = typography.amount(category.amount)
    return format_html('{} : <strong>{}</strong> <span class="table-note">{}</span>', category.label, amount, covers)
