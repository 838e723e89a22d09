"""Campaigns and their scale as they are typed (R12): what accepted fees cover may grow, never shrink."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.forms.formsets import DELETION_FIELD_NAME

from caprural import typed_again, typography
from members.models import FeeCampaign, FeeCategory


class FeeCampaignForm(forms.ModelForm):
    """A campaign; its period shares no day with another's."""

    class Meta:
        model = FeeCampaign
        fields = ("name", "starts_on", "ends_on", "reminders", "reminder_days")

    def clean(self) -> dict[str, Any]:
        """Days that accepted fees cover stay covered: people were told so (R16)."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        # The admin saves in the same transaction: the period stays free until then.
        FeeCampaign.objects.lock()
        campaign: FeeCampaign = self.instance
        starts_on, ends_on = cleaned.get("starts_on"), cleaned.get("ends_on")
        if not campaign.pk or not starts_on or not ends_on:
            return cleaned
        is_later, is_sooner = starts_on > campaign.starts_on, ends_on < campaign.ends_on
        if (is_later or is_sooner) and campaign.fees.accepted().exists():
            sentence = (
                "Des cotisations de cette campagne sont acceptées : sa période peut s’allonger, pas se réduire. "
                f"Elle va du {typography.medium_date(campaign.starts_on)} "
                f"au {typography.medium_date(campaign.ends_on)}."
            )
            self.add_error("starts_on" if is_later else "ends_on", sentence)
        return cleaned


class FeeCategoryForm(forms.ModelForm):
    """A line of the scale. Its amount may change: the fees opened before keep theirs (R13)."""

    class Meta:
        model = FeeCategory
        fields = ("position", "label", "amount", "scope", "max_people", "description")

    def clean(self) -> dict[str, Any]:
        """Whom an accepted fee of this line covers stays covered; a line that documents name stays in the scale."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        category: FeeCategory = self.instance
        if cleaned.get(DELETION_FIELD_NAME) and _is_named(category):
            # Said here, and the box forgotten: stock Django would recite the rows that depend on it.
            cleaned[DELETION_FIELD_NAME] = False
            self.add_error(
                None,
                f"La catégorie « {category.label} » reste dans le barème : des cotisations ou des bulletins en ligne "
                "en dépendent. Changez son libellé ou son montant si besoin, ou ajoutez une catégorie.",
            )
        if not category.pk or not {"scope", "max_people"} <= cleaned.keys():
            return cleaned
        was = category.people_limit
        limit = FeeCategory(scope=cleaned["scope"], max_people=cleaned["max_people"]).people_limit
        is_narrower = limit is not None and (was is None or limit < was)
        if is_narrower and category.fees.accepted().exists():
            self.add_error(
                "scope" if "scope" in self.changed_data else "max_people",
                f"Des cotisations acceptées couvrent {category.scope_label} : cette catégorie peut couvrir plus de "
                "personnes, pas moins. Ajoutez plutôt une catégorie.",
            )
        return cleaned


class FeeCategoryFormSet(forms.BaseInlineFormSet):
    """The scale of a campaign."""

    def get_unique_error_message(self, unique_check: Sequence[str]) -> str:
        """Stock Django names the field in English."""
        return "Deux catégories de cette campagne portent le même libellé : changez l’un des deux."

    def get_form_error(self) -> str:
        return "Ce libellé figure déjà plus haut."


def _is_named(category: FeeCategory) -> bool:
    return category.pk is not None and (category.fees.exists() or category.applications.exists())


class RenewalForm(typed_again.Form, forms.Form):
    """What « ouvrir les cotisations » asks."""

    is_told = forms.BooleanField(
        label="Envoyer à chacun son appel de cotisation par e-mail",
        required=False,
        initial=True,
        help_text="Les cotisants sans adresse e-mail seront listés : leur appel s’imprime.",
    )
