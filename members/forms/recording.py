"""What is typed to record payments, or to cancel one."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, cast

from django import forms

from caprural import typed_again, typography, validators
from members.finding import amount_in
from members.models import FeeCampaign, MembershipFee

Status = MembershipFee.Status

#: Nobody pays longer than that before the first day of a campaign.
EARLIEST = timedelta(days=366)


class RecordingForm(typed_again.Form, forms.ModelForm):
    """How far fees have come, and what proves it (R13): the same for all those of one transfer."""

    status = forms.ChoiceField(
        label="État", choices=[(status.value, status.label) for status in MembershipFee.ACCEPTED], initial=Status.PAID
    )
    received = forms.CharField(
        label="Montant reçu",
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        help_text="Facultatif : comparé au total des cotisations cochées.",
    )

    class Meta:
        model = MembershipFee
        fields = ("status", "method", "reference", "engagement_number", "paid_on")
        labels = {"paid_on": "Jour du paiement"}
        help_texts = {"paid_on": "Pour l’état « payée »."}
        widgets = {"paid_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}

    def __init__(
        self, *args: Any, today: date, campaign: FeeCampaign | None, total: Decimal | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.today, self.campaign, self.total = today, campaign, total
        self.fields["paid_on"].initial = today
        cast(forms.ChoiceField, self.fields["method"]).choices = [("", "—"), *MembershipFee.Method.choices]

    def clean_paid_on(self) -> date | None:
        """A day that has come, and not long before the campaign: a year is soon mistyped."""
        paid_on: date | None = self.cleaned_data["paid_on"]
        if paid_on and paid_on > self.today:
            raise forms.ValidationError("Ce jour n’est pas encore venu : indiquez celui où le paiement est arrivé.")
        if paid_on and self.campaign and paid_on < self.campaign.starts_on - EARLIEST:
            raise forms.ValidationError(
                f"Ce jour est trop ancien pour la campagne « {self.campaign} » : vérifiez l’année."
            )
        return paid_on

    def clean_received(self) -> Decimal | None:
        typed: str = self.cleaned_data["received"]
        received = amount_in(typed) if typed else None
        if typed and received is None:
            raise forms.ValidationError("Saisissez un montant en euros, par exemple 1 200,50.")
        return received

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("status") == Status.PAID and "paid_on" in cleaned and not cleaned["paid_on"]:
            self.add_error("paid_on", "Indiquez le jour du paiement.")
        received = cleaned.get("received")
        if received is not None and self.total is not None and received != self.total:
            self.add_error(
                "received",
                f"Le total des cotisations cochées est de {typography.amount(self.total)}, "
                f"vous avez indiqué {typography.amount(received)}.",
            )
        return cleaned


class CancelFeeForm(typed_again.Form, forms.Form):
    """How a fee is cancelled, and why (R16)."""

    is_told = forms.BooleanField(label="Prévenir le cotisant", required=False)
    reopens = forms.BooleanField(label="Ouvrir aussitôt une nouvelle cotisation attendue", required=False)
    reason = forms.CharField(
        label="Pourquoi ?",
        max_length=300,
        required=False,
        help_text="Gardé dans l’historique et dans la note interne, par exemple « chèque rejeté ».",
        validators=[validators.single_line],
    )
