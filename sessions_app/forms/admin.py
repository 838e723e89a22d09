"""What the team types in the admin."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.text import capfirst

from caprural import markup, typed_again, typography, validators
from members import finding
from members.finding import fold
from members.models import FeeCampaign, FeeCategory, Member, MembershipFee
from sessions_app import duplicating, writing
from sessions_app.forms.public import AddressForm, RegistrationForm
from sessions_app.models import Registration, Trainer, TrainingSession
from sessions_app.models.day import overlap

Status = TrainingSession.Status


class SectionField(forms.CharField):
    """A text of the session, put in our own form as it is read."""

    def to_python(self, value: Any) -> str:
        """Raises ValidationError for a link that leads nowhere."""
        return markup.tidy(super().to_python(value) or "").text


SECTIONS = ("rationale", "audience", "programme", "teaching_method", "about", "prerequisites", "conditions")
ONE_NUMBER = (
    "Un seul nombre par case, en chiffres : pour « 8 à 10 participants », 8 dans « au moins » et 10 dans « au plus »."
)


class TrainingSessionForm(forms.ModelForm):
    """A session in the admin: what its days say together, and a cap that respects the seats held (R3).

    A draft needs a title only (R27). `tidied` says what was changed in the texts.
    """

    class Meta:
        model = TrainingSession
        fields = "__all__"  # noqa: DJ007 -- the admin's fieldsets choose
        field_classes = dict.fromkeys(SECTIONS, SectionField)
        # A box that takes nothing but digits drops the rest of « 8 à 10 » in silence.
        widgets = dict.fromkeys(
            ("min_participants", "max_participants"),
            forms.TextInput(attrs={"inputmode": "numeric", "class": "vIntegerField"}),
        )
        localized_fields = ("training_hours",)
        error_messages = {
            "title": {"required": "Donnez un titre : il suffit à enregistrer un brouillon."},
            "min_participants": {"invalid": ONE_NUMBER},
            "max_participants": {"invalid": ONE_NUMBER},
            "training_hours": {"invalid": "Écrivez un nombre d’heures, par exemple 7 ou 6,5."},
        }
        help_texts = {
            "status": "Une session publiée se reporte ou s’annule, et une session reportée reçoit sa nouvelle date, "
            "par les boutons en haut de la page.",
        }

    #: What may be chosen by hand from each status: postponing and cancelling are decisions, which write to people (R5).
    BY_HAND = {
        Status.DRAFT: (Status.DRAFT, Status.PUBLISHED),
        Status.PUBLISHED: (Status.DRAFT, Status.PUBLISHED),
        Status.POSTPONED: (Status.POSTPONED,),
        Status.CANCELLED: (Status.CANCELLED,),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if status := self.fields.get("status"):  # there is none on the page of someone who only reads
            by_hand = self.BY_HAND[Status(self.instance.status)]
            cast(forms.ChoiceField, status).choices = [(choice.value, choice.label) for choice in by_hand]
        if slug := self.fields.get("slug"):
            slug.required = False

    @property
    def tidied(self) -> list[str]:
        """What was changed in each text that was pasted."""
        notes = {
            str(self.fields[name].label).capitalize(): ", ".join(markup.tidy(self[name].data or "").notes)
            for name in SECTIONS
            if name in self.changed_data
        }
        return [f"{label} : {note}" for label, note in notes.items() if note]

    def clean(self) -> dict[str, Any]:
        """The address of the page comes from the title; while it is a draft, it follows it."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        title, slug = cleaned.get("title"), cleaned.get("slug")
        if not title or slug is None:
            return cleaned
        was = re.fullmatch(
            re.escape(duplicating.slug_base(self.initial.get("title") or "")) + r"(-\d{4})?(-\d+)?", slug
        )
        is_following = self.instance.pk and self.instance.status == Status.DRAFT and "title" in self.changed_data
        if not slug or (is_following and was and "slug" not in self.changed_data):
            cleaned["slug"] = duplicating.free_slug(title, was[1] or "" if was else "")
            self.changed_data.append("slug")
        return cleaned

    def clean_status(self) -> str:
        """A session is not hidden from the people who are registered for it. Read under the session's lock."""
        status: str = self.cleaned_data["status"]
        is_hidden = self.instance.status == Status.PUBLISHED and status == Status.DRAFT
        if is_hidden and TrainingSession.objects.lock(self.instance.pk).registrations.live().exists():
            raise forms.ValidationError(
                "Des personnes sont inscrites : reportez la session ou annulez-la, elles seront prévenues."
            )
        return status

    def clean_max_participants(self) -> int | None:
        """The cap cannot be lowered below the seats held. Read under the session's lock: the admin saves in the
        same transaction."""
        maximum: int | None = self.cleaned_data["max_participants"]
        if self.instance.pk and maximum is not None:
            held = TrainingSession.objects.lock(self.instance.pk).seats_taken
            if maximum < held:
                taken = "1 place est déjà tenue" if held == 1 else f"{held} places sont déjà tenues"
                raise forms.ValidationError(f"{taken} : indiquez au moins {held}, ou annulez d’abord des inscriptions.")
        return maximum


class LabelledFormSet(forms.BaseInlineFormSet):
    """Lines of a table whose fields say their name: stock Django leaves it to the heading of the column."""

    def add_fields(self, form: forms.ModelForm, index: int | None) -> None:
        """Also to the box that removes a line."""
        super().add_fields(form, index)
        for field in form.fields.values():
            if field.label and not field.widget.is_hidden:
                field.widget.attrs.setdefault("aria-label", str(field.label).capitalize())

    def get_unique_error_message(self, unique_check: Sequence[str]) -> str:
        """With the words of the table, not the names of the code."""
        named = " et ".join(
            f"« {self.empty_form.fields[name].label} »" for name in unique_check if name != self.fk.name
        )
        return f"Deux lignes disent la même chose ({named}) : corrigez ou supprimez l’une des deux."


class SessionDayFormSet(LabelledFormSet):
    """The days of a session, checked against the session they belong to."""

    def add_fields(self, form: forms.ModelForm, index: int | None) -> None:
        """An empty line is no day; a line begun says what it lacks."""
        super().add_fields(form, index)
        for name, sentence in (
            ("date", "Indiquez la date de cette journée, ou videz toute la ligne."),
            ("starts_at", "Indiquez l’heure de début de cette journée."),
        ):
            if name in form.fields:
                form.fields[name].error_messages["required"] = sentence

    def clean(self) -> None:
        """No day overlaps the next; a published session has a date, and its deadline does not fall after it."""
        super().clean()
        if any(self.errors):
            return
        kept = [
            form.instance
            for form in self.forms
            if form.cleaned_data.get("date") and not form.cleaned_data.get("DELETE")
        ]
        if wrong := overlap(kept):
            raise forms.ValidationError(wrong)
        days = [day.date for day in kept]
        session: TrainingSession = self.instance
        if session.status == Status.PUBLISHED and not days:
            raise forms.ValidationError("Indiquez au moins une journée avant de publier la session.")
        if days and session.registration_deadline and session.registration_deadline > min(days):
            raise forms.ValidationError("La date limite d’inscription tombe après le début de la session.")
        if days:
            self._refuse_too_late(min(days))

    def _refuse_too_late(self, first_on: date) -> None:
        """What is of no use on the day itself is planned for the eve at the latest (R15, R19)."""
        for name in ("joining_on", "fee_due_on"):
            on = getattr(self.instance, name)
            if on and on >= first_on:
                label = capfirst(str(getattr(TrainingSession, name).field.verbose_name))
                raise forms.ValidationError(
                    f"« {label} » : choisissez un jour avant le {typography.long_date(first_on)}, premier jour de la "
                    "session, ou laissez vide."
                )


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

    field_order = ("reason", *RegistrationForm.Meta.fields)


class PersonForm(forms.ModelForm):
    """What the team may correct of a person: not into the other one who shares their mailbox (R7)."""

    class Meta:
        model = Registration
        fields = ()

    def clean(self) -> dict[str, Any]:
        """One live registration per session, address and name."""
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


class TrainerForm(forms.ModelForm):
    """Who leads sessions. Two people of one name are rare, one person typed twice is not."""

    is_another = forms.BooleanField(label="C’est une autre personne du même nom", required=False)

    class Meta:
        model = Trainer
        fields = ("name", "role", "organisation", "user")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "is_another" not in self.data:
            self.fields["is_another"].widget = forms.HiddenInput()

    def clean(self) -> dict[str, Any]:
        """A name known already is asked about, once."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        name = fold(cleaned.get("name") or "")
        if name and "name" in self.changed_data and not cleaned.get("is_another"):
            same = [one for one in Trainer.objects.exclude(pk=self.instance.pk) if fold(one.name) == name]
            if same:
                self.fields["is_another"].widget = forms.CheckboxInput()
                self.add_error(
                    "name",
                    f"« {same[0]} » existe déjà : choisissez cette fiche dans la session. "
                    "Si c’est quelqu’un d’autre, cochez la case ci-dessous.",
                )
        return cleaned


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
        """A day to come."""
        first_on: date | None = self.cleaned_data["first_on"]
        if first_on and first_on <= timezone.localdate():
            raise forms.ValidationError("Choisissez un jour à venir.")
        return first_on

    def clean(self) -> dict[str, Any]:
        """The deadline goes with a date, and does not fall after it."""
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
        """Its fields are known."""
        return _with_known_fields(self.cleaned_data["subject"])

    def clean_text(self) -> str:
        """Its fields are known; lines end alike whatever the browser."""
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


class RecordFeeForm(typed_again.Form, forms.Form):
    """The fee that covers a person: whose, which, and how far it has come (R13, R16)."""

    member = forms.ModelChoiceField(
        label="Cotisant",
        queryset=Member.objects.all(),
        required=False,
        empty_label="Nouveau cotisant",
        help_text="Laisser « Nouveau cotisant » pour en créer un avec le nom ci-dessous. "
        "Un autre cotisant connu ? Rattachez-lui d’abord la personne.",
    )
    new_member = forms.CharField(
        label="Nom du nouveau cotisant", max_length=160, required=False, validators=[validators.single_line]
    )
    category = forms.ModelChoiceField(label="Catégorie", queryset=FeeCategory.objects.none(), empty_label="Choisissez…")
    status = forms.ChoiceField(
        label="État",
        choices=[(s.value, s.label) for s in MembershipFee.ACCEPTED],
        initial=MembershipFee.Status.PAID,
    )
    method = forms.ChoiceField(
        label="Moyen de paiement", choices=[("", "—"), *MembershipFee.Method.choices], required=False
    )
    reference = forms.CharField(label="Référence", max_length=80, required=False, validators=[validators.single_line])

    def __init__(self, *args: Any, campaign: FeeCampaign | None, likely: list[Member], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scale = FeeCategory.objects.filter(campaign=campaign).select_related("campaign")
        cast(forms.ModelChoiceField, self.fields["category"]).queryset = scale
        # A member is found by searching, not by reading thousands of names.
        named = finding.labels(likely)
        offered = [("", "Nouveau cotisant"), *((member.pk, named[member.pk]) for member in likely)]
        cast(forms.Select, self.fields["member"].widget).choices = offered

    def clean(self) -> dict[str, Any]:
        """Either a known member or a name for a new one."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "new_member" in cleaned and not cleaned.get("member") and not cleaned["new_member"]:
            self.add_error("new_member", "Choisissez un cotisant, ou donnez le nom du nouveau.")
        return cleaned
