"""What the coordination decides of an on-line form, and of two members that are one."""

from typing import Any, cast

from django import forms

from members import applying
from members.models import Application, ApplicationPerson, Member


class OtherMemberForm(forms.Form):
    """« C’est en fait… »: the member beside which the form is read."""

    cotisant = forms.ModelChoiceField(label="Cotisant", queryset=Member.objects.all(), empty_label=None)


class CheckForm(forms.Form):
    """Whose form it is, whom it adds, and what it corrects (R14)."""

    member = forms.ModelChoiceField(queryset=Member.objects.all(), widget=forms.HiddenInput)
    people = forms.ModelMultipleChoiceField(queryset=ApplicationPerson.objects.none(), required=False)
    take = forms.MultipleChoiceField(
        choices=[(name, name) for name in (*applying.OF_MEMBER, *applying.OF_FEE, applying.DOMAIN)], required=False
    )

    def __init__(self, *args: Any, application: Application, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ModelMultipleChoiceField, self.fields["people"]).queryset = application.people.all()


class MergeForm(forms.Form):
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
        keep.choices = [(member.pk, member.name) for member in members]
