"""Forms of the fee in the admin."""

from typing import Any

from django import forms

from members.models import Member, MembershipFee


class NewFeeForm(forms.ModelForm):
    """Open a fee: the campaign and the amount follow from the category."""

    class Meta:
        model = MembershipFee
        fields = ("member", "category", "method", "reference", "note")

    def clean(self) -> dict[str, Any]:
        """One fee per member and campaign, said before the database says it (R13)."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        member, category = cleaned.get("member"), cleaned.get("category")
        if member and category:
            # The admin saves in the same transaction: the row stays ours until then.
            Member.objects.select_for_update().get(pk=member.pk)
            live = member.fees.filter(campaign=category.campaign).exclude(status=MembershipFee.Status.CANCELLED)
            if live.exists():
                raise forms.ValidationError(
                    f"{member} a déjà une cotisation pour la campagne {category.campaign} : "
                    "modifiez celle-ci, ou annulez-la d’abord."
                )
        return cleaned
