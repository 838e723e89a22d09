"""What is well formed, and the sentence for what is not."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.forms import inlineformset_factory

from members.models import MembershipFee
from sessions_app.forms import (
    AttachForm,
    CancelForm,
    DetailsForm,
    DuplicateForm,
    FindRegistrationForm,
    RecordFeeForm,
    RegisterByHandForm,
    RegistrationForm,
    ReplacementForm,
    SessionDayFormSet,
    TrainingSessionForm,
)
from sessions_app.models import Registration, SessionDay, TrainingSession
from tests.factories import (
    make_campaign,
    make_category,
    make_member,
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


class TestRegisterByHand:
    def test_a_reason_is_asked_first(self) -> None:
        """R4."""
        form = RegisterByHandForm(typed())
        assert not any("votre" in str(field.help_text) + str(field.label) for field in form), "it is not they who type"
        assert form.errors == {"reason": [REQUIRED]}
        assert next(iter(form.fields)) == "reason"
        assert RegisterByHandForm(typed(reason="par téléphone")).is_valid()

    def test_the_log_is_one_line_a_change(self) -> None:
        for form in (RegisterByHandForm(typed(reason="a\nb")), CancelForm({"reason": "a\nb"})):
            assert form.errors == {"reason": ["Écrivez ce texte sur une seule ligne."]}

    def test_a_cancellation_needs_none(self) -> None:
        assert CancelForm({}).is_valid()


@pytest.mark.django_db
class TestDuplicate:
    def test_date(self) -> None:
        form = DuplicateForm({"first_on": "2018-04-11"}, session=make_session())
        assert form.is_valid()
        assert form.cleaned_data == {"first_on": date(2018, 4, 11)}

    @pytest.mark.parametrize("value", ["", "demain", "2018-02-30", "99999-01-01"])
    def test_no_date(self, value: str) -> None:
        assert list(DuplicateForm({"first_on": value}, session=make_session()).errors) == ["first_on"]

    def test_of_a_session_without_day_asks_when_it_starts(self) -> None:
        """F1: the date typed is not ignored."""
        form = DuplicateForm({"first_on": "2018-04-11"}, session=make_session(days=()))
        assert list(form.errors) == ["starts_at"]


@pytest.mark.django_db
class TestSession:
    def form(self, session: TrainingSession, **fields: Any) -> TrainingSessionForm:
        empty = TrainingSessionForm(instance=session)
        data = {name: value for name, value in empty.initial.items() if value is not None}
        return TrainingSessionForm({**data, **fields}, instance=session)

    def test_cap_is_never_below_the_seats_held(self) -> None:
        """R3."""
        session = make_session(max_participants=3)
        for _ in range(3):
            make_registration(session)
        assert self.form(session, max_participants="3").is_valid()
        assert self.form(session, max_participants="").is_valid()
        assert self.form(session, max_participants="2").errors == {
            "max_participants": [
                "3 places sont déjà tenues\u00a0: indiquez au moins 3, ou annulez d’abord des inscriptions."
            ]
        }

    @pytest.mark.parametrize("value", ["0", "-1", "dix", "1e3", "9" * 400])
    def test_cap_is_a_number_of_people(self, value: str) -> None:
        assert list(self.form(make_session(), max_participants=value).errors) == ["max_participants"]

    def test_min_is_not_above_max(self) -> None:
        errors = self.form(make_session(), min_participants="11", max_participants="10").errors
        assert errors == {"__all__": ["Le nombre minimal de participants dépasse le nombre maximal."]}

    def days(self, session: TrainingSession, *dates: str, delete: str = "") -> list[str]:
        """The errors of the days of a session."""
        formset = inlineformset_factory(TrainingSession, SessionDay, formset=SessionDayFormSet, fields="__all__")
        data = {"days-TOTAL_FORMS": str(len(dates)), "days-INITIAL_FORMS": "0"}
        for number, day in enumerate(dates):
            data |= {f"days-{number}-date": day, f"days-{number}-starts_at": "9:30"}
            if day == delete:
                data[f"days-{number}-DELETE"] = "on"
        return list(formset(data, instance=session, prefix="days").non_form_errors())

    def test_a_published_session_has_a_day(self) -> None:
        published = make_session(days=(), registration_deadline=None)
        draft = make_session(days=(), registration_deadline=None, status="draft")
        missing = ["Indiquez au moins une journée avant de publier la session."]
        assert self.days(published) == missing
        assert self.days(published, "2017-04-12", delete="2017-04-12") == missing
        assert self.days(published, "2017-04-12") == []
        assert self.days(draft) == []

    def test_deadline_comes_before_the_first_day(self) -> None:
        session = make_session(days=(), registration_deadline=date(2017, 4, 5))
        late = ["La date limite d’inscription tombe après le début de la session."]
        assert self.days(session, "2017-04-05", "2017-05-01") == []
        assert self.days(session, "2017-05-01", "2017-04-04") == late


@pytest.mark.django_db
class TestFee:
    def test_categories_are_those_of_the_campaign(self) -> None:
        campaign = make_campaign()
        category = make_category(campaign=campaign)
        other = make_category(campaign=make_campaign(year=2018))
        sent = {"new_member": "Commune", "status": "paid"}
        assert RecordFeeForm({**sent, "category": category.pk}, campaign=campaign, likely=[]).is_valid()
        for campaign_of_the_day, pk in ((campaign, other.pk), (None, category.pk)):
            errors = RecordFeeForm({**sent, "category": pk}, campaign=campaign_of_the_day, likely=[]).errors
            assert list(errors) == ["category"]

    def test_a_member_or_a_name(self) -> None:
        category = make_category(amount=Decimal("10"))
        sent = {"category": category.pk, "status": "committed"}
        form = RecordFeeForm(sent, campaign=category.campaign, likely=[])
        assert form.errors == {"new_member": ["Choisissez un cotisant, ou donnez le nom du nouveau."]}
        assert RecordFeeForm({**sent, "member": make_member().pk}, campaign=category.campaign, likely=[]).is_valid()
        assert RecordFeeForm({**sent, "new_member": "Commune"}, campaign=category.campaign, likely=[]).is_valid()

    def test_only_what_accepts_a_fee(self) -> None:
        """R13: committed, paid or waived."""
        category = make_category()
        for status in MembershipFee.Status:
            sent = {"new_member": "Commune", "category": category.pk, "status": status}
            assert RecordFeeForm(sent, campaign=category.campaign, likely=[]).is_valid() is (
                status in MembershipFee.ACCEPTED
            )

    def test_attach_needs_a_member(self) -> None:
        assert AttachForm({}, others=()).errors == {"member": ["Choisissez un cotisant."]}
        assert AttachForm({"member": make_member().pk}, others=()).is_valid()
