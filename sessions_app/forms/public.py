"""What participants type."""

from typing import Any, cast
from uuid import UUID, uuid4, uuid5

from django import forms

from caprural import typed_again
from sessions_app.models import Registration, TrainingSession


class DetailsForm(typed_again.Form, forms.ModelForm):
    """What a person says of themselves, to be corrected from the private page (R9)."""

    class Meta:
        model = Registration
        fields = (
            "first_name",
            "last_name",
            "email",
            "phone",
            "organisation",
            "job_title",
            "profile",
            "accessibility_needs",
            "carpool",
            "departure_town",
            "message",
        )
        widgets = {
            "first_name": forms.TextInput(attrs={"autocomplete": "given-name"}),
            "last_name": forms.TextInput(attrs={"autocomplete": "family-name"}),
            "email": forms.EmailInput(attrs={"autocomplete": "email"}),
            "phone": forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
            "organisation": forms.TextInput(attrs={"autocomplete": "organization"}),
            "job_title": forms.TextInput(attrs={"autocomplete": "organization-title"}),
            "accessibility_needs": forms.Textarea(attrs={"rows": 2}),
            "departure_town": forms.TextInput(attrs={"autocomplete": "address-level2"}),
            "message": forms.Textarea(attrs={"rows": 3}),
        }
        labels = {
            "carpool": "Je suis partant·e pour un covoiturage : mon prénom, ma commune et mon adresse e-mail "
            "seront communiqués aux autres personnes qui ont coché cette case.",
        }
        help_texts = {
            "email": "Si vous la changez, votre lien personnel est envoyé à la nouvelle adresse, "
            "et l’ancienne en est prévenue. Si une cotisation couvre votre place, elle doit couvrir "
            "la nouvelle adresse.",
            "accessibility_needs": "Lu par la coordination et les intervenant·e·s seulement, "
            "effacé 30 jours après la session.",
            "message": "Une question, une attente, une précision pour l’équipe.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["profile"]).choices = [("", "Choisissez…"), *Registration.Profile.choices]


class RegistrationForm(DetailsForm):
    """The public registration form (SPEC §4)."""

    submission_key = forms.CharField(widget=forms.HiddenInput, required=False)

    class Meta(DetailsForm.Meta):
        help_texts = {
            **DetailsForm.Meta.help_texts,
            "email": "Elle sert à vous envoyer la confirmation et votre lien personnel.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {}).setdefault("submission_key", uuid4())
        super().__init__(*args, **kwargs)
        # Whatever comes in this hidden field, it is no reason to refuse anybody.
        self.fields["submission_key"].validators = []

    def clean_submission_key(self) -> UUID | None:
        """The key of this rendering of the form, by which the same form sent twice is recognised."""
        try:
            return UUID(self.cleaned_data["submission_key"])
        except ValueError:
            return None

    def candidate(self, session: TrainingSession | None = None) -> Registration:
        """The unsaved registration that `registering.register` takes; its key says which form, with what in it."""
        candidate: Registration = self.instance
        if session:
            candidate.session = session
        if key := self.cleaned_data["submission_key"]:
            typed = [str(self.cleaned_data[name]).strip() for name in DetailsForm.Meta.fields]
            candidate.submission_key = uuid5(key, repr(typed))
        return candidate


class ReplacementForm(typed_again.Form, forms.ModelForm):
    """The colleague who takes a seat over (R10); the rest is theirs to say."""

    class Meta:
        model = Registration
        fields = ("first_name", "last_name", "email")
        # Someone else's name and address: the browser must not offer those of whoever types.
        widgets = {
            "first_name": forms.TextInput(attrs={"autocomplete": "off"}),
            "last_name": forms.TextInput(attrs={"autocomplete": "off"}),
            "email": forms.EmailInput(attrs={"autocomplete": "off"}),
        }
        help_texts = {"email": "Le lien personnel de votre collègue y est envoyé."}


class AddressForm(typed_again.Form, forms.ModelForm):
    """One address: mistyped when registering, and typed again (R9)."""

    class Meta:
        model = Registration
        fields = ("email",)
        widgets = {"email": DetailsForm.Meta.widgets["email"]}
        help_texts = {"email": "Un nouveau lien y est envoyé ; celui qui est parti à la précédente ne marche plus."}


class FindRegistrationForm(AddressForm):
    """« Retrouver mon inscription » (R11)."""

    class Meta(AddressForm.Meta):
        help_texts = {"email": "Celle que vous avez donnée en vous inscrivant."}
