"""What the team types in the admin."""

from datetime import date
from typing import Any, cast

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from caprural import validators
from members.models import FeeCampaign, FeeCategory, Member, MembershipFee
from sessions_app.forms.public import RegistrationForm
from sessions_app.models import TrainingSession


class TrainingSessionForm(forms.ModelForm):
    """A session in the admin: what its days say together, and a cap that respects the seats held (R3)."""

    class Meta:
        model = TrainingSession
        fields = "__all__"  # noqa: DJ007 -- the admin's fieldsets choose

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


class SessionDayFormSet(forms.BaseInlineFormSet):
    """The days of a session, checked against the session they belong to."""

    def clean(self) -> None:
        """A published session has a date, and its deadline does not fall after it."""
        super().clean()
        if any(self.errors):
            return
        days = [
            form.cleaned_data["date"]
            for form in self.forms
            if form.cleaned_data.get("date") and not form.cleaned_data.get("DELETE")
        ]
        session: TrainingSession = self.instance
        if session.status == TrainingSession.Status.PUBLISHED and not days:
            raise forms.ValidationError("Indiquez au moins une journée avant de publier la session.")
        if days and session.registration_deadline and session.registration_deadline > min(days):
            raise forms.ValidationError("La date limite d’inscription tombe après le début de la session.")


class RegisterByHandForm(RegistrationForm):
    """The registration form, with the reason why someone of the team fills it (R4)."""

    reason = forms.CharField(
        label="Pourquoi cette inscription est-elle faite à la main ?",
        max_length=300,
        help_text="Gardé dans le journal de l’inscription, par exemple « inscription par téléphone ».",
        validators=[validators.single_line],
    )

    field_order = ("reason", *RegistrationForm.Meta.fields)


class DuplicateForm(forms.Form):
    """When the copy of a session takes place."""

    first_on = forms.DateField(
        label="Premier jour de la nouvelle session",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Les autres dates (journées suivantes, date limite d’inscription) sont décalées d’autant.",
        # A year typed with two digits reaches us as the year 28.
        validators=[MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2100, 1, 1))],
    )


class CancelForm(forms.Form):
    """Why the team cancels a registration."""

    reason = forms.CharField(
        label="Pourquoi ?",
        max_length=300,
        required=False,
        help_text="Facultatif, gardé dans le journal ; la personne ne le lit pas.",
        validators=[validators.single_line],
    )


class AttachForm(forms.Form):
    """Which member a person belongs to (R14)."""

    member = forms.ModelChoiceField(label="Cotisant", queryset=Member.objects.all(), empty_label="Choisissez…")


class RecordFeeForm(forms.Form):
    """The fee that covers a person: whose, which, and how far it has come (R13, R16)."""

    member = forms.ModelChoiceField(
        label="Cotisant",
        queryset=Member.objects.all(),
        required=False,
        empty_label="Nouveau cotisant",
        help_text="Laisser « Nouveau cotisant » pour en créer un avec le nom ci-dessous.",
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

    def __init__(self, *args: Any, campaign: FeeCampaign | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ModelChoiceField, self.fields["category"]).queryset = FeeCategory.objects.filter(campaign=campaign)

    def clean(self) -> dict[str, Any]:
        """Either a known member or a name for a new one."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "new_member" in cleaned and not cleaned.get("member") and not cleaned["new_member"]:
            self.add_error("new_member", "Choisissez un cotisant, ou donnez le nom du nouveau.")
        return cleaned
