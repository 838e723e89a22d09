"""Forms of the members and their fees in the admin."""

from functools import partial
from typing import Any

from django import forms

from caprural import validators
from members.models import CoveredPerson, EmailDomain, Member, MembershipFee, Organisation


class CoveredPersonForm(forms.ModelForm):
    """An address a member lists, in the form under which two of them are compared (R14)."""

    class Meta:
        model = CoveredPerson
        fields = ("email", "name")

    def clean_email(self) -> str:
        """Here and not only in the model: the same address typed twice is seen before the database sees it."""
        return validators.normalise_email(self.cleaned_data["email"])


class EmailDomainForm(forms.ModelForm):
    """A domain a member declares: « @Collines.EXAMPLE » is understood (R14)."""

    class Meta:
        model = EmailDomain
        fields = ("domain",)

    def clean_domain(self) -> str:
        """Here and not only in the model: the same domain typed twice is seen before the database sees it."""
        return validators.normalise_domain(self.cleaned_data["domain"])


class OrganisationForm(forms.ModelForm):
    """The organisation, with a logo that every page and document can carry."""

    #: Beyond, pages and documents would be slow to load.
    LOGO_MAX_BYTES = 1_000_000
    LOGO_MAX_SIDE = 4000

    class Meta:
        model = Organisation
        fields = "__all__"  # noqa: DJ007 -- the admin's fieldsets choose
        field_classes = {"website": partial(forms.URLField, assume_scheme="https")}

    def clean_logo(self) -> Any:
        """A new image is neither heavy nor huge; the one there is was judged already."""
        logo = self.cleaned_data["logo"]
        image = getattr(logo, "image", None)
        if image is not None and (logo.size > self.LOGO_MAX_BYTES or max(image.size) > self.LOGO_MAX_SIDE):
            raise forms.ValidationError(
                "Cette image est trop lourde : choisissez-en une d’un mégaoctet et de 4000 pixels de côté au plus."
            )
        return logo


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
