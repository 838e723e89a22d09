"""What visitors type is well formed, or a sentence says what to do."""

from uuid import UUID, uuid4

import pytest

from sessions_app.forms import (
    DetailsForm,
    FindRegistrationForm,
    RegistrationForm,
    ReplacementForm,
)
from sessions_app.models import Registration, TrainingSession
from tests.factories import (
    make_registration,
    make_session,
)

REQUIRED = "Ce champ est obligatoire."


def typed(**fields: str) -> dict[str, str]:
    return {
        "first_name": "Anaïs",
        "last_name": "Lévêque",
        "email": "anais@vallee.example",
        "organisation": "Syndicat de la Vallée",
        "job_title": "Chargée de projets",
        "profile": "technician",
        **fields,
    }


class TestRegistrationForm:
    def test_nothing(self) -> None:
        required = ("first_name", "last_name", "email", "organisation", "job_title", "profile")
        assert RegistrationForm({}).errors == {name: [REQUIRED] for name in required}

    def test_spaces_are_nothing(self) -> None:
        assert RegistrationForm(typed(first_name=" \u00a0 ", organisation="\t")).errors == {
            "first_name": [REQUIRED],
            "organisation": [REQUIRED],
        }

    def test_address_is_kept_as_it_is_compared(self) -> None:
        """R7: case and spaces do not count."""
        form = RegistrationForm(typed(email="  Anais@VALLEE.Example "))
        assert form.is_valid()
        assert form.cleaned_data["email"] == "anais@vallee.example"

    @pytest.mark.parametrize(
        ("name", "longest"),
        [
            ("first_name", 80),
            ("last_name", 80),
            ("organisation", 160),
            ("job_title", 120),
            ("departure_town", 80),
            ("accessibility_needs", 1000),
            ("message", 2000),
        ],
    )
    def test_lengths(self, name: str, longest: int) -> None:
        assert RegistrationForm(typed(**{name: "é" * longest})).is_valid()
        too_long = RegistrationForm(typed(**{name: "é" * (longest + 1)}))
        assert list(too_long.errors) == [name]
        assert f"au plus {longest}" in too_long.errors[name][0]
        assert f'maxlength="{longest}"' in str(too_long[name])

    @pytest.mark.parametrize("phone", ["06 12 34 56 78", "+33 (0)6.12.34.56.78", "0612345678", ""])
    def test_phones(self, phone: str) -> None:
        assert RegistrationForm(typed(phone=phone)).is_valid()

    @pytest.mark.parametrize(("sent", "means"), [("on", True), ("", False), ("false", False), (None, False)])
    def test_carpool(self, sent: str | None, means: bool) -> None:
        form = RegistrationForm(typed() if sent is None else typed(carpool=sent))
        assert form.is_valid()
        assert form.cleaned_data["carpool"] is means

    def test_profile_is_asked_and_never_guessed(self) -> None:
        assert RegistrationForm(typed(profile="")).errors == {"profile": [REQUIRED]}
        [message] = RegistrationForm(typed(profile="pirate")).errors["profile"]
        assert message.startswith("Sélectionnez un choix valide.")

    @pytest.mark.parametrize("key", ["", "non", "0", "\0", "x" * 10_000, "-" * 36])
    def test_a_bad_key_is_no_key(self, key: str) -> None:
        form = RegistrationForm(typed(submission_key=key))
        assert form.is_valid()
        assert form.cleaned_data["submission_key"] is None

    @pytest.mark.django_db
    def test_candidate(self) -> None:
        session, key = make_session(), uuid4()
        candidate, again, other = (
            self.sent(session, submission_key=str(key), message=message)
            for message in ("Bonjour\r\nà tous", "Bonjour\r\nà tous", "Bonsoir")
        )
        assert (candidate.session, candidate.message, candidate.pk) == (session, "Bonjour\r\nà tous", None)
        # The same key and the same contents are the same form.
        assert isinstance(candidate.submission_key, UUID)
        assert candidate.submission_key == again.submission_key != other.submission_key

    def sent(self, session: TrainingSession, **fields: str) -> Registration:
        form = RegistrationForm(typed(**fields))
        assert form.is_valid()
        return form.candidate(session)

    def test_a_new_key_for_each_form(self) -> None:
        first, second = (RegistrationForm()["submission_key"].value() for _ in range(2))
        assert isinstance(first, UUID)
        assert first != second

    def test_browsers_can_fill_it(self) -> None:
        form = RegistrationForm()
        assert {name: field.widget.attrs.get("autocomplete") for name, field in form.fields.items()} == {
            "first_name": "given-name",
            "last_name": "family-name",
            "email": "email",
            "phone": "tel",
            "organisation": "organization",
            "job_title": "organization-title",
            "departure_town": "address-level2",
            **dict.fromkeys(("profile", "accessibility_needs", "carpool", "message", "submission_key")),
        }


class TestDetails:
    def test_the_same_fields_as_the_registration_without_its_key(self) -> None:
        """R9."""
        assert [*DetailsForm().fields, "submission_key"] == list(RegistrationForm().fields)
        assert DetailsForm({}).errors == RegistrationForm({}).errors

    def test_each_says_what_the_address_is_for(self) -> None:
        assert "l’ancienne en est prévenue" in DetailsForm()["email"].help_text
        assert RegistrationForm()["email"].help_text.startswith("Elle sert à vous envoyer la confirmation")

    @pytest.mark.django_db
    def test_gives_every_detail_to_write(self) -> None:
        registration = make_registration(make_session(), carpool=True)
        form = DetailsForm(typed(email=" Anais@VALLEE.example "), instance=registration)
        assert form.is_valid()
        assert list(form.cleaned_data) == list(form.fields)
        assert (form.cleaned_data["email"], form.cleaned_data["carpool"]) == ("anais@vallee.example", False)


class TestReplacement:
    def test_a_name_and_an_address(self) -> None:
        """R10."""
        assert ReplacementForm({}).errors == {name: [REQUIRED] for name in ("first_name", "last_name", "email")}
        form = ReplacementForm({"first_name": "Camille", "last_name": "Durand", "email": " C@Ailleurs.example "})
        assert form.is_valid()
        assert (form.instance.full_name, form.instance.email) == ("Camille Durand", "c@ailleurs.example")
        assert form.instance.pk is None

    def test_the_browser_does_not_offer_the_name_of_who_types(self) -> None:
        assert {field.field.widget.attrs["autocomplete"] for field in ReplacementForm()} == {"off"}


class TestFindRegistration:
    def test_an_address(self) -> None:
        """R11: one sentence for each mistake."""
        message = "Saisissez une adresse e-mail complète, par exemple prenom.nom@structure.fr."
        assert FindRegistrationForm({}).errors == {"email": [REQUIRED]}
        for email in ("a", "a@b", "a@b@c.example"):
            assert FindRegistrationForm({"email": email}).errors == {"email": [message]}
        form = FindRegistrationForm({"email": "\u00a0A@x\u200bn--mairie-t-h1ab.example "})
        assert form.is_valid()
        assert form.cleaned_data == {"email": "a@mairie-été.example"}
