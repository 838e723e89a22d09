"""The membership form of someone who registered (R15)."""

from datetime import date

import pytest

from sessions_app.documents import membership_form
from tests.factories import make_campaign, make_category, make_registration, make_session
from tests.support.printed import Printed

pytestmark = pytest.mark.django_db


def test_takes_the_campaign_of_the_session_s_date_and_what_the_person_typed() -> None:
    for year in (2016, 2017, 2018):
        make_category(campaign=make_campaign(year=year), label=f"Tarif de {year}")
    session = make_session(days=(date(2017, 12, 31),))
    registration = make_registration(
        session,
        first_name="Zoé",
        last_name="Étienne",
        email="zoe@structure.example",
        phone="+33 6 12 34 56 78",
        organisation="Pays des Collines",
        job_title="Animatrice",
    )

    text = Printed(membership_form.pdf(registration, session)).text

    assert "Tarif de 2017" in text
    assert "Tarif de 2016" not in text
    assert "Tarif de 2018" not in text
    assert "Étienne Zoé Animatrice zoe@structure.example" in text
    assert "Nom de la structure ou de la personne : Pays des Collines" in text
    assert "Téléphone : 06 12 34 56 78" in text
    assert "Bulletin édité le 1er mars 2017." in text
    assert membership_form.filename(session) == "bulletin-de-cotisation-2017.pdf"


@pytest.mark.parametrize("days", [(), (date(2019, 4, 12),)])
def test_without_campaign_on_the_day_the_form_says_that_the_scale_is_not_published(days: tuple[date, ...]) -> None:
    make_category(campaign=make_campaign(year=2017), label="Tarif de 2017")
    session = make_session(days=days)

    text = Printed(membership_form.pdf(make_registration(session), session)).text

    assert "Le barème n’est pas encore publié" in text
    assert "Tarif de 2017" not in text
    assert membership_form.filename(session) == "bulletin-de-cotisation.pdf"
