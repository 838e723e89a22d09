"""What the migrations make of the data of before (J4, B5, B6)."""

from collections.abc import Iterator
from datetime import date, time
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

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
    target = [("members", "0010_application_filled_from"), ("house", "0001_initial")]
    executor.migrate(target)
    try:
        old = executor.loader.project_state([*target, *(node for node in latest if node[0] in ("auth", "admin"))]).apps
        types = old.get_model("contenttypes", "ContentType").objects
        kind, _ = types.get_or_create(app_label="members", model="organisation")
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
        types = new.get_model("contenttypes", "ContentType").objects.filter(model="organisation")
        assert list(types.values_list("pk", "app_label")) == [(kind.pk, "house")]
        logged = new.get_model("admin", "LogEntry").objects.get(pk=line.pk)
        assert (logged.content_type_id, logged.object_id) == (kind.pk, "1")
        rights = new.get_model("auth", "Permission").objects.filter(user=user.pk)
        assert list(rights.values_list("content_type__app_label", "codename")) == [("house", "view_organisation")]
    finally:
        MigrationExecutor(connection).migrate(latest)
