"""What the team types to say whom a person belongs to (R14)."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError

from caprural import typed_again, typography, validators
from members import finding
from members.models import FeeCampaign, FeeCategory, Member, MembershipFee
from sessions_app.models import Registration


class CompanionsForm(typed_again.Form, forms.Form):
    """A box that does the same for the other people of the structure: exactly those whose names were read."""

    others = forms.CharField(required=False, widget=forms.HiddenInput)
    together = forms.BooleanField(required=False)

    def __init__(self, *args: Any, others: Sequence[Registration], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not others:
            del self.fields["others"], self.fields["together"]
            return
        self.fields["others"].initial = " ".join(str(other.pk) for other in others)
        self.fields["together"].label = together_label(others)

    def companions(self) -> list[Registration]:
        """The people ticked along with the first one, unless someone has attached them since."""
        if not self.cleaned_data.get("together"):
            return []
        pks = [int(pk) for pk in self.cleaned_data["others"].split() if pk.isascii() and pk.isdigit() and len(pk) < 19]
        return list(Registration.objects.without_member().filter(pk__in=pks).order_by("pk"))


def together_label(others: Sequence[Registration]) -> str:
    """« Rattacher aussi ces 2 personnes : Alex Martin et Sacha Petit »."""
    which = "cette personne" if len(others) == 1 else f"ces {len(others)} personnes"
    return f"Rattacher aussi {which} : {typography.join_and(others)}"


class AttachForm(CompanionsForm):
    """Which member a person belongs to (R14)."""

    member = forms.ModelChoiceField(
        label="Cotisant",
        queryset=Member.objects.all(),
        error_messages={
            "required": "Choisissez un cotisant.",
            "invalid_choice": "Ce cotisant n’existe plus : choisissez-en un autre.",
        },
    )


class NewMemberForm(CompanionsForm, forms.ModelForm):
    """A member made from what the person typed, with the fee that is expected of it."""

    category = forms.ModelChoiceField(
        label="Cotisation attendue",
        queryset=FeeCategory.objects.none(),
        required=False,
        empty_label="n’ouvrir aucune cotisation",
        help_text="La ligne du barème dont le cotisant relève, à la date de la session.",
    )
    method = forms.ChoiceField(
        label="Moyen de paiement prévu", choices=[("", "—"), *MembershipFee.Method.choices], required=False
    )
    is_called = forms.BooleanField(label="Envoyer l’appel de cotisation", required=False, initial=True)

    class Meta:
        model = Member
        fields = ("kind", "name", "siret", "contact_name", "email", "phone")

    field_order = (*Meta.fields, "category", "method", "is_called", "others", "together")

    def __init__(self, *args: Any, campaign: FeeCampaign | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scale = FeeCategory.objects.filter(campaign=campaign).select_related("campaign")
        cast(forms.ModelChoiceField, self.fields["category"]).queryset = scale

    def clean_siret(self) -> str:
        siret: str = self.cleaned_data["siret"]
        if siret and (member := Member.objects.filter(siret=siret).first()):
            raise ValidationError(f"Ce SIRET est celui de « {member} » : rattachez plutôt la personne à ce cotisant.")
        return siret

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("is_called") and cleaned.get("category") and "email" in cleaned and not cleaned["email"]:
            self.add_error("email", "Indiquez où envoyer l’appel de cotisation, ou décochez son envoi.")
        return cleaned


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
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "new_member" in cleaned and not cleaned.get("member") and not cleaned["new_member"]:
            self.add_error("new_member", "Choisissez un cotisant, ou donnez le nom du nouveau.")
        return cleaned
