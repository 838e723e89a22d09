"""What the coordination decides of an on-line form, and of two members that are one."""

from typing import Any, cast

from django import forms

from caprural import typed_again
from members import applying, finding
from members.models import Application, ApplicationPerson, Member

#: Instead of a member: the payer is to be created from the form.
NEW = "nouveau"


class OtherMemberForm(typed_again.Form, forms.Form):
    """« C’est en fait… »: the member beside which the form is read."""

    cotisant = forms.ModelChoiceField(label="Cotisant", queryset=Member.objects.all(), empty_label=None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            members = list(Member.objects.all())
            named = finding.labels(members)
            cotisant = cast(forms.ModelChoiceField, self.fields["cotisant"])
            cotisant.choices = [(member.pk, named[member.pk]) for member in members]


class PayerField(forms.ModelChoiceField):
    """A member, or None for one to create: said in words, so that a field left out creates nobody."""

    def clean(self, value: Any) -> Member | None:
        found: Member | None = None if value == NEW else super().clean(value)
        return found


class CheckForm(typed_again.Form, forms.Form):
    """Whose form it is, whom it adds, what it corrects, and whether the fee is asked for at once (R14)."""

    member = PayerField(queryset=Member.objects.all(), widget=forms.HiddenInput)
    is_called = forms.BooleanField(required=False, initial=True)
    people = forms.ModelMultipleChoiceField(queryset=ApplicationPerson.objects.none(), required=False)
    take = forms.MultipleChoiceField(
        choices=[(name, name) for name in (*applying.OF_MEMBER, *applying.OF_FEE, applying.DOMAIN)], required=False
    )

    def __init__(self, *args: Any, application: Application, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ModelMultipleChoiceField, self.fields["people"]).queryset = application.people.all()


class MergeForm(typed_again.Form, forms.Form):
    """Which of two members is kept."""

    keep = forms.ModelChoiceField(
        label="Cotisant à garder",
        queryset=Member.objects.none(),
        widget=forms.RadioSelect,
        empty_label=None,
        error_messages={"required": "Choisissez le cotisant à garder."},
    )

    def __init__(self, *args: Any, members: list[Member], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        keep = cast(forms.ModelChoiceField, self.fields["keep"])
        keep.queryset = Member.objects.filter(pk__in=[member.pk for member in members])
        named = finding.labels(members)
        keep.choices = [(member.pk, named[member.pk]) for member in members]
