"""A session, its days and its trainers as the team types them."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any, cast

from django import forms
from django.utils.text import capfirst

from caprural import markup, typography
from members.finding import fold
from sessions_app import duplicating
from sessions_app.models import Trainer, TrainingSession
from sessions_app.models.day import overlap

Status = TrainingSession.Status


class SectionField(forms.CharField):
    """A text of the session, put in our own form as it is read."""

    def to_python(self, value: Any) -> str:
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
        super().add_fields(form, index)
        for field in form.fields.values():
            if field.label and not field.widget.is_hidden:
                field.widget.attrs.setdefault("aria-label", str(field.label).capitalize())

    def get_unique_error_message(self, unique_check: Sequence[str]) -> str:
        named = " et ".join(
            f"« {self.empty_form.fields[name].label} »" for name in unique_check if name != self.fk.name
        )
        return f"Deux lignes disent la même chose ({named}) : corrigez ou supprimez l’une des deux."


class SessionDayFormSet(LabelledFormSet):
    """The days of a session, checked against the session they belong to."""

    def add_fields(self, form: forms.ModelForm, index: int | None) -> None:
        super().add_fields(form, index)
        for name, sentence in (
            ("date", "Indiquez la date de cette journée, ou videz toute la ligne."),
            ("starts_at", "Indiquez l’heure de début de cette journée."),
        ):
            if name in form.fields:
                form.fields[name].error_messages["required"] = sentence

    def clean(self) -> None:
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
