"""What the migrations make of the data of before (J4, B5, B6)."""

from collections.abc import Iterator
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ModelState, ProjectState

from tests.factories import NOW

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE = [("sessions_app", "0002_life_of_a_registration"), ("members", "0003_spreadsheet_import")]
UID = UUID(int=7)


@pytest.fixture
def before() -> Iterator[Any]:
    """The models of before; everything is migrated again afterwards."""
    executor = MigrationExecutor(connection)
    latest = executor.loader.graph.leaf_nodes()
    executor.migrate(BEFORE)
    yield executor.loader.project_state(BEFORE).apps
    executor = MigrationExecutor(connection)
    executor.migrate(latest)


def migrate() -> Any:
    executor = MigrationExecutor(connection)
    latest = executor.loader.graph.leaf_nodes()
    executor.migrate(latest)
    return MigrationExecutor(connection).loader.project_state(latest).apps


def test_who_registered_before_addresses_were_confirmed(before: Any) -> None:
    session = before.get_model("sessions_app", "TrainingSession").objects.create(
        title="Coopérer", slug="cooperer", status="published", calendar_uid=UID
    )
    silent, active = (
        before.get_model("sessions_app", "Registration").objects.create(
            session=session, status="cancelled", cancellation_cause="participant", first_name="Camille",
            last_name="Durand", email="c@structure.example", organisation="x",
            job_title="x", profile="other", registered_at=NOW, token=sign * 32,
        )
        for sign in "ab"
    )  # fmt: skip
    lines = before.get_model("sessions_app", "StatusChange").objects
    for person, actor in ((silent, "coordination"), (active, "la personne")):
        lines.create(registration=person, at=NOW, from_status="", to_status="confirmed", actor="la personne")
        lines.create(registration=person, at=NOW, from_status="confirmed", to_status="cancelled", actor=actor)

    found = migrate().get_model("sessions_app", "Registration").objects.order_by("pk")

    assert list(found.values_list("address_confirmed_at", "predates_confirming")) == [(None, True), (NOW, False)]
    MigrationExecutor(connection).migrate(BEFORE)


def test_days_keep_their_names_and_absurd_ones_are_mended(before: Any) -> None:
    session = before.get_model("sessions_app", "TrainingSession").objects.create(
        title="Coopérer", slug="cooperer", status="published", place="Givors (69)", calendar_uid=UID,
        joining_on=date(1017, 4, 5), registration_deadline=date(2017, 4, 5), exact_address="12 rue des Lices",
    )  # fmt: skip
    days = before.get_model("sessions_app", "SessionDay").objects
    for day in (date(2017, 4, 20), date(17, 4, 12), date(1, 1, 1), date(3017, 1, 1)):
        days.create(session=session, date=day, starts_at=time(9, 30))
    registration = before.get_model("sessions_app", "Registration").objects.create(
        session=session, status="waiting", first_name="Camille", last_name="Durand", email="c@structure.example",
        organisation="x", job_title="x", profile="other", registered_at=NOW, token="x" * 32,
    )  # fmt: skip
    campaign = before.get_model("members", "FeeCampaign").objects.create(
        name="2017", starts_on=date(17, 1, 1), ends_on=date(17, 12, 31)
    )

    after = migrate()

    stored = after.get_model("sessions_app", "TrainingSession").objects.get(pk=session.pk)
    found = after.get_model("sessions_app", "SessionDay").objects.order_by("date")
    assert list(found.values_list("date", "uid")) == [
        (date(2001, 1, 1), f"{UID}-1"),
        (date(2017, 4, 12), f"{UID}-2"),
        (date(2017, 4, 20), f"{UID}-3"),
    ]
    assert (stored.joining_on, stored.registration_deadline, stored.decision_days) == (None, date(2017, 4, 5), 7)
    told = after.get_model("sessions_app", "Registration").objects.get(pk=registration.pk).told
    assert (told["place"], told["exact_address"], [day["uid"] for day in told["days"]]) == (
        "Givors (69)",
        None,
        [f"{UID}-1", f"{UID}-2", f"{UID}-3"],
    )
    assert told["days"][1] == {
        "uid": f"{UID}-2",
        "date": "2017-04-12",
        "starts_at": "09:30:00",
        "ends_at": "",
        "place": "",
    }
    assert after.get_model("members", "FeeCampaign").objects.values_list("starts_on", "ends_on").get(
        pk=campaign.pk
    ) == (date(2017, 1, 1), date(2017, 12, 31))


def test_where_a_form_was_filled_from_becomes_a_column() -> None:
    executor = MigrationExecutor(connection)
    latest = executor.loader.graph.leaf_nodes()
    target = [("members", "0009_remove_application_is_new_member")]
    executor.migrate(target)
    try:
        old = executor.loader.project_state(target).apps
        campaign = old.get_model("members", "FeeCampaign").objects.create(
            name="2017", starts_on=date(2017, 1, 1), ends_on=date(2017, 12, 31)
        )
        category = old.get_model("members", "FeeCategory").objects.create(campaign=campaign, label="x", amount=1)
        key = UUID("0123456789abcdef0000000000000000")
        old.get_model("members", "Application").objects.create(
            category=category, amount=1, kind="structure", name="Pays", contact_name="x", email="a@x.example",
            method="transfer", submission_key=key, token="x" * 32, received_at=NOW,
        )  # fmt: skip

        found = migrate().get_model("members", "Application").objects.get()

        assert (found.filled_from, found.submission_key) == ("0123456789abcdef", key)
    finally:
        MigrationExecutor(connection).migrate(latest)


@pytest.mark.parametrize("is_known", [False, True])
def test_the_organisation_moves_with_its_history_and_the_rights_on_it(is_known: bool) -> None:
    executor = MigrationExecutor(connection)
    latest = executor.loader.graph.leaf_nodes()
    target = [
        ("members", "0010_application_filled_from"),
        ("sessions_app", "0012_cancelled_undated"),
        ("house", "0001_initial"),
    ]
    executor.migrate(target)
    try:
        old = executor.loader.project_state([*target, *(node for node in latest if node[0] in ("auth", "admin"))]).apps
        types = old.get_model("contenttypes", "ContentType").objects
        kind, _ = types.get_or_create(app_label="members", model="organisation")
        worker, _ = types.get_or_create(app_label="sessions_app", model="heartbeat")
        old.get_model("auth", "Permission").objects.get_or_create(content_type=worker, codename="view_heartbeat")
        if is_known:
            newer = types.create(app_label="house", model="organisation")
            old.get_model("auth", "Permission").objects.create(content_type=newer, codename="view_organisation")
        user = old.get_model("auth", "User").objects.create(username="coordination")
        right, _ = old.get_model("auth", "Permission").objects.get_or_create(
            content_type=kind, codename="view_organisation"
        )
        user.user_permissions.add(right)
        line = old.get_model("admin", "LogEntry").objects.create(
            user=user, content_type=kind, object_id="1", object_repr="Réseau des Monts", action_flag=2
        )
        old.get_model("members", "Organisation").objects.create(
            pk=1, name="Réseau des Monts", logo="organisation/x.png"
        )

        new = migrate()

        found = new.get_model("house", "Organisation").objects.values_list("pk", "name", "logo")
        assert list(found) == [(1, "Réseau des Monts", "organisation/x.png")]
        types = new.get_model("contenttypes", "ContentType").objects
        assert list(types.filter(model="organisation").values_list("pk", "app_label")) == [(kind.pk, "house")]
        assert not types.filter(pk=worker.pk).exists()
        logged = new.get_model("admin", "LogEntry").objects.get(pk=line.pk)
        assert (logged.content_type_id, logged.object_id) == (kind.pk, "1")
        rights = new.get_model("auth", "Permission").objects.filter(user=user.pk)
        assert list(rights.values_list("content_type__app_label", "codename")) == [("house", "view_organisation")]
    finally:
        MigrationExecutor(connection).migrate(latest)


class TestOneLetterBox:
    """The rows of the mail library, of the sessions and of the fees become one letter each; nothing is sent again."""

    BEFORE = [("sessions_app", "0013_sign_of_life_elsewhere"), ("members", "0011_house_of_its_own")]

    @pytest.fixture
    def old(self) -> Iterator[Any]:
        """The models of before, those of the library included, whose tables `migrate` drops."""
        executor = MigrationExecutor(connection)
        latest = executor.loader.graph.leaf_nodes()
        executor.migrate(self.BEFORE)
        state = executor.loader.project_state(self.BEFORE)
        library = ProjectState()
        for operation in executor.loader.get_migration("sessions_app", "0014_one_letter_box").operations[:2]:
            library.add_model(
                ModelState(
                    "library",
                    operation.name,
                    [(name, field.clone()) for name, field in operation.fields],
                    {"db_table": operation.options["db_table"]},
                )
            )
        with connection.schema_editor() as editor:
            for model in library.apps.get_models():
                editor.create_model(model)

        class Old:
            letter = library.apps.get_model("library", "FormerEmail").objects
            log = library.apps.get_model("library", "FormerLog").objects

            @staticmethod
            def rows(label: str) -> Any:
                return state.apps.get_model(label).objects

        yield Old
        MigrationExecutor(connection).migrate(latest)

    def test_every_letter_keeps_its_words_its_state_and_what_it_is_about(self, old: Any) -> None:
        def letter(status: int | None = 0, **fields: Any) -> Any:
            return old.letter.create(
                **{
                    "from_email": "Cap Rural <inscriptions@caprural.example>",
                    "to": "camille@structure.example",
                    "subject": "Objet",
                    "message": "Bonjour",
                    "html_message": "<p>Bonjour</p>",
                    "headers": {"Reply-To": "contact@caprural.example"},
                    "context": {"attachments": [["registration_calendar", "1"]]},
                    "message_id": "<1@caprural.example>",
                    "status": status,
                    "created": NOW,
                    "last_updated": NOW,
                    **fields,
                }
            )

        session = old.rows("sessions_app.TrainingSession").create(title="Coopérer", slug="c", status="published")
        person = old.rows("sessions_app.Registration").create(
            session=session, status="waiting", first_name="Camille", last_name="Durand", email="c@structure.example",
            organisation="x", job_title="x", profile="other", registered_at=NOW, token="x" * 32,
        )  # fmt: skip
        campaign = old.rows("members.FeeCampaign").create(
            name="2017", starts_on=date(2017, 1, 1), ends_on=date(2017, 12, 31)
        )
        category = old.rows("members.FeeCategory").create(campaign=campaign, label="x", amount=1)
        fee = old.rows("members.MembershipFee").create(
            member=old.rows("members.Member").create(name="Pays", kind="structure"),
            campaign=campaign, category=category, amount=1, status="due", status_changed_at=NOW, token="y" * 32,
        )  # fmt: skip
        sent, leased, retried, failed, called, answer = (
            letter(),
            letter(2, scheduled_time=NOW + timedelta(minutes=9)),
            letter(3, scheduled_time=NOW, number_of_retries=2),
            letter(1, number_of_retries=72),
            letter(),
            letter(2),
        )
        copy = letter(2, context={"attachments": [], "copy_of": sent.pk})
        taken_back, orphan = letter(1, context={"taken_back": True}), letter()
        old.log.create(email=failed.pk, status=1, message="550 No such user")
        nothing_said = letter(None, headers={"Reply-To": None}, context={"attachments": None})
        told = old.rows("sessions_app.Message")
        for one, kind, key in (
            (sent, "joining_instructions", "2017-04-12"),
            (leased, "waiting", ""),
            (retried, "waiting", ""),
            (copy, "joining_instructions", ""),
            (taken_back, "waiting", ""),
            (None, "confirmed", ""),
        ):
            told.create(session=session, registration=person, kind=kind, key=key, email=one and one.pk)
        told.create(session=session, kind="decision_needed", key="2017-04-05", email=failed.pk)
        told.update(written_at=NOW)
        payer = old.rows("members.FeeMessage")
        payer.create(fee=fee, kind="fee_call", key="a", email=called.pk, written_at=NOW)
        payer.create(fee=fee, kind="membership_reminder", key="1", is_by_post=True, written_at=NOW)
        form = old.rows("members.Application").create(
            category=category, amount=1, kind="structure", name="Pays", contact_name="x", email="a@x.example",
            method="transfer", submission_key=UID, token="x" * 32, received_at=NOW, letter=answer.pk,
        )  # fmt: skip

        found = migrate().get_model("mailing", "Message").objects.order_by("pk")

        registration, of_fee = ("registration", person.pk), ("membershipfee", fee.pk)
        fields = ("about_type__model", "about_id", "kind", "key", "state", "attempts", "due_at", "sent_at", "copy_of")
        assert list(found.exclude(text="").values_list("pk", *fields)) == [
            (sent.pk, *registration, "joining_instructions", "2017-04-12", "sent", 0, None, NOW, None),
            (leased.pk, *registration, "waiting", "", "queued", 0, NOW + timedelta(minutes=9), None, None),
            (retried.pk, *registration, "waiting", "", "queued", 2, NOW, None, None),
            (failed.pk, "trainingsession", session.pk, "decision_needed", "2017-04-05", "failed", 72, None, None, None),
            (called.pk, *of_fee, "fee_call", "a", "sent", 0, None, NOW, None),
            (answer.pk, "application", form.pk, "application_received", "", "queued", 0, None, None, None),
            (copy.pk, *registration, "joining_instructions", "", "queued", 0, None, None, sent.pk),
            (taken_back.pk, *registration, "waiting", "", "taken_back", 0, None, None, None),
            (orphan.pk, None, None, "", "", "sent", 0, None, NOW, None),
            (nothing_said.pk, None, None, "", "", "failed", 0, None, None, None),
        ]
        assert sorted(found.filter(text="").values_list(*fields, "written_at")) == [
            (*of_fee, "membership_reminder", "1", "posted", 0, None, None, None, NOW),
            (*registration, "confirmed", "", "sent", 0, None, NOW, None, NOW),
        ]
        words = ("to", "sender", "reply_to", "subject", "text", "html", "documents", "message_id", "last_error")
        assert list(found.filter(pk__in=(sent.pk, failed.pk)).values_list(*words)) == [
            (
                *("camille@structure.example", "Cap Rural", "contact@caprural.example", "Objet", "Bonjour"),
                *("<p>Bonjour</p>", [["registration_calendar", "1"]], "<1@caprural.example>", said),
            )
            for said in ("", "550 No such user")
        ]
        assert not {"post_office_email", "post_office_log"}.intersection(connection.introspection.table_names())
        assert found.model.objects.create(kind="x").pk > nothing_said.pk
