"""What the acts of the team ask: on a session, on a registration."""

from collections.abc import Sequence
from datetime import date
from typing import Any, cast

from django import forms
from django.utils import timezone

from caprural import typed_again, typography, validators
from sessions_app import writing
from sessions_app.forms.public import AddressForm, RegistrationForm
from sessions_app.models import Registration, TrainingSession

Status = TrainingSession.Status


class SharedMailbox(forms.BaseForm):
    """A form whose address may turn out to be someone else's too: the team may go on knowingly (R7)."""

    def ask_who(self) -> None:
        """The box that says it is someone else, shown once the address turns out to be registered."""
        self.fields["is_someone_else"] = forms.BooleanField(label="C’est une autre personne", required=False)

    @property
    def is_someone_else(self) -> bool:
        """Whether that box was ticked."""
        return "is_someone_else" in self.data


class RegisterByHandForm(SharedMailbox, RegistrationForm):
    """The registration form, with the reason why someone of the team fills it (R4)."""

    reason = forms.CharField(
        label="Pourquoi cette inscription est-elle faite à la main ?",
        max_length=300,
        help_text="Gardé dans le journal de l’inscription, par exemple « inscription par téléphone ».",
        validators=[validators.single_line],
    )

    class Meta(RegistrationForm.Meta):
        labels = {"carpool": "Partant·e pour un covoiturage"}
        help_texts = {
            "email": "La confirmation et le lien personnel y sont envoyés.",
            "carpool": "Si la personne en est d’accord, son prénom, sa commune et son adresse e-mail seront "
            "communiqués aux autres personnes qui ont coché cette case.",
            "accessibility_needs": RegistrationForm.Meta.help_texts["accessibility_needs"],
        }

    field_order = ("reason", *RegistrationForm.Meta.fields)


class PersonForm(forms.ModelForm):
    """What the team may correct of a person: not into the other one who shares their mailbox (R7)."""

    class Meta:
        model = Registration
        fields = ()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        name = typography.fold(f"{cleaned.get('first_name', '')} {cleaned.get('last_name', '')}")
        is_live = self.instance.pk and self.instance.can_be_cancelled
        if is_live and Registration.objects.beside(self.instance).filter(name_key=name).exists():
            self.add_error(None, "Une autre inscription à cette session porte déjà ce nom et cette adresse.")
        return cleaned


class CorrectAddressForm(SharedMailbox, AddressForm):
    """Another address for a person, by the team (R9)."""

    class Meta(AddressForm.Meta):
        help_texts = {"email": "Un nouveau lien y part, avec les messages qui n’ont pas pu partir."}


class DiscardForm(typed_again.Form, forms.Form):
    """« Écarter »: which registrations nobody meant; those whose address nobody has proved are ticked already."""

    people = forms.MultipleChoiceField(label="Inscriptions à écarter", widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, people: Sequence[Registration], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast(forms.MultipleChoiceField, self.fields["people"])
        field.choices = [(str(person.pk), self._label(person)) for person in people]
        field.initial = [str(p.pk) for p in people if p.awaits_confirming and not p.is_by_hand]

    @staticmethod
    def _label(person: Registration) -> str:
        proved = "adresse non confirmée" if person.awaits_confirming else ""
        proved = "adresse confirmée" if person.address_confirmed_at else proved
        when = typography.moment(person.registered_at)
        said = (person.full_name, person.organisation, person.email, person.phone, when, proved)
        return ", ".join(filter(None, said))


def _date_field(**options: Any) -> forms.DateField:
    """A day chosen in a calendar. A year typed with two digits reaches us as the year 28."""
    return forms.DateField(
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        validators=[validators.plausible_day],
        **options,
    )


class DuplicateForm(typed_again.Form, forms.Form):
    """When the copy of a session takes place."""

    first_on = _date_field(
        label="Premier jour de la nouvelle session",
        help_text="Les autres dates (journées suivantes, date limite d’inscription) sont décalées d’autant.",
    )
    starts_at = forms.TimeField(label="Heure de début", help_text="La session copiée n’a pas encore de journée.")

    def __init__(self, *args: Any, session: TrainingSession, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if session.first_day:
            del self.fields["starts_at"]


class PostponeForm(typed_again.Form, forms.Form):
    """When a postponed session takes place, if that is known; required where it is postponed already (R5)."""

    first_on = _date_field(label="Nouveau premier jour", required=False)
    deadline = _date_field(label="Inscription avant le", required=False)
    #: What the session was when the page was drawn.
    was = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, session: TrainingSession, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.session = session
        asked, limit = self.fields["first_on"], self.fields["deadline"]
        self.fields["was"].initial = session.status
        asked.required = session.status == Status.POSTPONED
        asked.error_messages["required"] = "Indiquez le nouveau premier jour."
        asked.help_text = "Les journées suivantes sont décalées d’autant."
        if not asked.required:
            asked.help_text += " Laisser vide si la nouvelle date n’est pas encore connue."
        limit.help_text = "Laisser vide : jusqu’au début de la session."
        if session.registration_deadline and session.first_date:
            days = (session.first_date - session.registration_deadline).days
            before = (
                f"{days} {typography.plural(days, 'jour,jours')} avant le premier jour" if days else "le premier jour"
            )
            limit.help_text = f"Laisser vide : {before}, comme pour la date annoncée d’abord."

    def announced(self) -> tuple[list[date], date | None]:
        """The days and the deadline that this would give."""
        first_on, before = self.cleaned_data["first_on"], self.session.first_date
        if not (first_on and before):
            return [], None
        shift, limit = first_on - before, self.session.registration_deadline
        days = [day.date + shift for day in self.session.days.all()]
        return days, self.cleaned_data.get("deadline") or (limit + shift if limit else None)

    def clean_first_on(self) -> date | None:
        first_on: date | None = self.cleaned_data["first_on"]
        if first_on and first_on <= timezone.localdate():
            raise forms.ValidationError("Choisissez un jour à venir.")
        return first_on

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "first_on" in cleaned and "deadline" in cleaned:
            days, limit = self.announced()
            if cleaned["deadline"] and not cleaned["first_on"]:
                self.add_error("first_on", "Indiquez aussi le nouveau premier jour, ou videz la date limite.")
            elif days and limit and limit > days[0]:
                self.add_error("deadline", "La date limite d’inscription tombe après le début de la session.")
        return cleaned


class ExtendForm(typed_again.Form, forms.Form):
    """Until when one person's seat is held for its fee (R15)."""

    until = _date_field(label="Cotisation attendue jusqu’au", help_text="Ce jour-là est compris.")


class WriteForm(typed_again.Form, forms.Form):
    """A message to the participants: to whom, and what, with the fields that each person's own words replace."""

    statuses = forms.MultipleChoiceField(label="État de l’inscription", widget=forms.CheckboxSelectMultiple)
    missing = forms.ChoiceField(label="Ce qui manque", required=False)
    subject = forms.CharField(
        label="Objet",
        max_length=150,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        validators=[validators.single_line],
    )
    text = forms.CharField(
        label="Texte",
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 14, "class": "vLargeTextField"}),
        validators=[validators.multi_line],
        help_text=f"Dans l’objet et le texte, {writing.known_fields()} sont remplacés pour chaque personne.",
    )
    sending = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, statuses: list[Registration.Status], lacks: list[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        offered = cast(forms.MultipleChoiceField, self.fields["statuses"])
        offered.choices = [(status.value, status.label) for status in statuses]
        offered.initial = [status.value for status in statuses]
        cast(forms.ChoiceField, self.fields["missing"]).choices = [("", "peu importe"), *lacks]

    def clean_subject(self) -> str:
        return _with_known_fields(self.cleaned_data["subject"])

    def clean_text(self) -> str:
        return _with_known_fields(self.cleaned_data["text"].replace("\r\n", "\n"))


def _with_known_fields(text: str) -> str:
    try:
        writing.check(text)
    except writing.UnknownField as unknown:
        raise forms.ValidationError(str(unknown)) from unknown
    return text


class CancelForm(typed_again.Form, forms.Form):
    """Why the team cancels a registration."""

    reason = forms.CharField(
        label="Pourquoi ?",
        max_length=300,
        required=False,
        help_text="Facultatif, gardé dans le journal ; la personne ne le lit pas.",
        validators=[validators.single_line],
    )
