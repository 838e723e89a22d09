"""Forms of the members and their fees in the admin."""

from typing import Any, cast

from django import forms

from caprural import validators
from members import finding
from members.models import EmailDomain, Member, MembershipFee


class EmailDomainForm(forms.ModelForm):
    """A domain a member declares: « @Collines.EXAMPLE » is understood (R14)."""

    class Meta:
        model = EmailDomain
        fields = ("domain",)

    def clean_domain(self) -> str:
        """Here and not only in the model: the same domain typed twice is seen before the database sees it."""
        return validators.normalise_domain(self.cleaned_data["domain"])


class NewFeeForm(forms.ModelForm):
    """Open a fee: the campaign and the amount follow from the category."""

    class Meta:
        model = MembershipFee
        fields = ("member", "category", "method", "reference", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        member = cast(Any, self.fields["member"])
        member.label_from_instance = lambda one: finding.labels([one])[one.pk]

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
