"""The attendance sheet (SPEC §6), read in the PDF itself."""

import subprocess
import unicodedata
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.template.loader import render_to_string
from pytest_django import DjangoAssertNumQueries, Settings

from caprural import validators
from caprural.house.models import Organisation
from sessions_app.documents import attendance_sheet
from sessions_app.models import Trainer, TrainingSession
from tests.factories import (
    make_campaign,
    make_category,
    make_fee,
    make_member,
    make_registration,
    make_session,
    make_trainer,
    paris,
)
from tests.support.pictures import give_logo, picture
from tests.support.printed import Printed

pytestmark = pytest.mark.django_db

NOW = paris(2017, 4, 10, 14, 2)
BORDER = 0.25


def display(session: TrainingSession) -> TrainingSession:
    return TrainingSession.objects.for_display().get(pk=session.pk)


def printed(session: TrainingSession) -> Printed:
    return Printed(attendance_sheet.pdf(display(session), now=NOW))


def signature_cells(sheet: Printed, half_days: int) -> list[list[tuple[float, float]]]:
    """The signature cells of each row that is drawn, head of the table included."""
    return [row[-half_days:] for row in sheet.rows(3 + half_days, border=BORDER)]


def make_people(session: TrainingSession, count: int, **fields: Any) -> None:
    for number in range(count):
        make_registration(session, last_name=f"Nom{number:02}", **fields)


@pytest.fixture
def seed(db: None) -> TrainingSession:
    """The flyer's session."""
    trainer = make_trainer(
        name="Dominique Bernier", organisation="Cap Rural", role="Mission Coopérations entre acteurs"
    )
    return make_session(
        title="Conduire une démarche de coopération",
        subtitle="entre acteurs ou entre territoires",
        trainers=(trainer,),
    )


class TestWhatItSays:
    def test_head_of_the_sheet(self, seed: TrainingSession) -> None:
        Organisation.objects.create(pk=1, name="Cap Rural")

        sheet = printed(seed)

        assert sheet.title == "Feuille d’émargement – Conduire une démarche de coopération"
        for text in (
            "Feuille d’émargement Cap Rural Conduire une démarche de coopération entre acteurs ou entre territoires",
            "Date : mercredi 12 avril 2017, de 9 h 30 à 17 h 30",
            "Lieu : à proximité de Givors (69)",
            "Intervenant·e : Dominique Bernier, Cap Rural – Mission Coopérations entre acteurs",
            "mercredi 12 avril 2017 matin, à partir de 9 h 30",
            "mercredi 12 avril 2017 après-midi, jusqu’à 17 h 30",
            "Édité le lundi 10 avril 2017, 14 h 02.",
            "certifie que les personnes désignées ci-dessus ont participé",
            "Nom et fonction : Fait à : Le : Signature de la personne responsable et cachet :",
            "page 1/1",
        ):
            assert text in sheet.text

    @pytest.mark.parametrize(
        ("role", "said"), [("présidente", "Camille Exemple, présidente Fait à :"), ("", "Camille Exemple Fait à :")]
    )
    def test_the_person_in_charge_is_named_when_known(self, seed: TrainingSession, role: str, said: str) -> None:
        Organisation.objects.create(pk=1, name="Cap Rural", signatory_name="Camille Exemple", signatory_role=role)

        assert f"Nom et fonction : {said}" in printed(seed).text

    def test_with_the_logo_it_stays_sound(self, seed: TrainingSession, settings: Settings, tmp_path: Path) -> None:
        make_people(seed, 5)
        without = printed(seed)
        give_logo(settings, tmp_path, picture())

        sheet = printed(seed)

        assert (without.images, sheet.images) == ([0], [1])
        assert sheet.faults == []

    def test_what_is_not_known_leaves_no_trace(self, seed: TrainingSession) -> None:
        text = printed(seed).text

        for label in ("Référence", "Partenaires", "Durée totale", "Sous réserve"):
            assert label not in text

    def test_what_the_funders_ask_for_when_it_is_known(self, seed: TrainingSession) -> None:
        TrainingSession.objects.update(
            reference="COOP-2017-04",
            partners="Réseau rural",
            funders_notice="Action cofinancée par l’Union européenne\navec le FEADER",
            exact_address="Salle des fêtes\n12 rue de la République\n69700 Givors",
            training_hours=Decimal("6.50"),
        )

        text = printed(seed).text

        for expected in (
            "Référence : COOP-2017-04",
            "Partenaires : Réseau rural",
            "Action cofinancée par l’Union européenne avec le FEADER",
            "Lieu : à proximité de Givors (69) – Salle des fêtes, 12 rue de la République, 69700 Givors",
            "Durée totale : 6,5 h",
        ):
            assert expected in text

    def test_everybody_who_holds_a_seat_in_the_order_of_a_french_list(self, seed: TrainingSession) -> None:
        for first_name, last_name in (
            ("Zoé", "Étienne"),
            ("Jean", "de Villiers"),
            ("Ali", "Estève"),
            ("Anne", "Étienne"),
        ):
            make_registration(seed, first_name=first_name, last_name=last_name)
        seed.max_participants = 4
        seed.save()
        make_registration(seed, last_name="Attente")

        text = printed(seed).text

        names = ("1 Estève Ali", "2 Étienne Anne", "3 Étienne Zoé", "4 de Villiers Jean")
        assert [text.index(name) for name in names] == sorted(text.index(name) for name in names)
        assert "Attente" not in text

    def test_people_awaiting_their_fee_are_there_under_reserve(self, seed: TrainingSession) -> None:
        make_fee(make_member(emails=("ajour@collines.example",)), category=make_category(campaign=make_campaign()))
        TrainingSession.objects.update(fee_required=True)
        make_registration(seed, last_name="Àjour", email="ajour@collines.example")
        make_registration(seed, last_name="Zélé", first_name="Max")

        text = printed(seed).text

        assert text.count("sous réserve") == 1
        assert "2 Zélé Max sous réserve" in text
        assert "« Sous réserve » : inscription dont la confirmation est attendue." in text

    def test_neither_address_nor_phone_nor_amount(self, seed: TrainingSession) -> None:
        TrainingSession.objects.update(fee_required=True)
        make_registration(seed, email="camille@structure.example", phone="04 78 00 00 00")
        Organisation.objects.create(pk=1, name="Cap Rural", email="contact@caprural.example", phone="04 78 11 11 11")

        text = printed(seed).text

        for private in ("@", "04 78", "06 66", "€", "cotisation"):
            assert private not in text

    def test_a_trainer_without_name_has_a_row_as_well(self, seed: TrainingSession) -> None:
        unnamed = make_trainer(name="", organisation="Université de Lyon", role="Chercheuse")
        session = make_session(trainers=(*Trainer.objects.filter(name="Dominique Bernier"), unnamed))

        sheet = printed(session)

        assert (
            "Intervenant·e·s : Dominique Bernier, Cap Rural – Mission Coopérations entre acteurs ; Université"
            in sheet.text
        )
        assert "Intervenant·e Université de Lyon Chercheuse" in sheet.text
        assert len(signature_cells(sheet, 2)) == 1 + 2 + 2

    def test_a_session_without_date_has_one_column_to_sign(self) -> None:
        sheet = printed(make_session(days=()))

        assert "Date : à fixer" in sheet.text
        assert "Structure et fonction Signature" in sheet.text
        assert len(signature_cells(sheet, 1)) == 1 + 2

    def test_a_morning_has_one_column(self) -> None:
        sheet = printed(make_session(starts_at=time(9), ends_at=time(12)))

        assert "mercredi 12 avril 2017 matin, de 9 h à 12 h" in sheet.text
        assert len(signature_cells(sheet, 1)) == 1 + 2


class TestOnPaper:
    @pytest.mark.parametrize(("people", "pages"), [(1, 1), (10, 1), (30, 2)])
    def test_every_row_is_whole_with_cells_of_30_by_12_mm_and_a_head_on_each_page(
        self, seed: TrainingSession, people: int, pages: int
    ) -> None:
        TrainingSession.objects.update(max_participants=people)
        make_people(seed, people)

        sheet = printed(seed)
        rows = signature_cells(sheet, 2)

        assert len(sheet.pages) == pages
        assert len(rows) == pages + people + attendance_sheet.BLANK_ROWS + 1
        assert [size for row in rows for size in row if size[0] < 30] == []
        assert len([row for row in rows if all(height >= 12 for _, height in row)]) == len(rows) - pages
        for number, page in enumerate(sheet.pages, start=1):
            assert "N° Nom et prénom Structure et fonction" in page
            assert f"page {number}/{pages}" in page
            assert "Feuille d’émargement – Conduire une démarche de coopération" in page
        assert all(f"{number + 1} Nom{number:02} Camille" in sheet.text for number in range(people))

    @pytest.mark.parametrize("half_days", [1, 2, 3])
    def test_a_full_session_of_ten_with_all_it_may_say_takes_one_sheet_of_paper(
        self, seed: TrainingSession, settings: Settings, tmp_path: Path, half_days: int
    ) -> None:
        TrainingSession.objects.update(
            reference="COOP-2017-04",
            exact_address="Salle des fêtes\n12 rue de la République\n69700 Givors",
            funders_notice="Action cofinancée par l’Union européenne avec le FEADER",
            training_hours=Decimal("6.50"),
        )
        if half_days == 1:
            seed.days.update(ends_at=time(12))
        elif half_days == 3:
            seed.days.create(date=date(2017, 4, 13), starts_at=time(9), ends_at=time(12))
        seed.session_trainers.create(
            trainer=make_trainer(name="Camille Exemple", organisation="Réseau", role="Juriste")
        )
        make_people(seed, 10, organisation="Communauté de communes du Plateau", job_title="Chargé de mission mobilité")
        give_logo(settings, tmp_path, picture())

        sheet = printed(seed)
        rows = signature_cells(sheet, half_days)

        assert (len(sheet.pages), sheet.size()) == (1, (210, 297))
        assert len(rows) == 1 + 10 + attendance_sheet.BLANK_ROWS + 2
        assert [size for row in rows for size in row if size[0] < 30] == []
        assert [size for row in rows[1:] for size in row if size[1] < 12] == []

    def test_is_a4_and_sound(self, seed: TrainingSession) -> None:
        make_people(seed, 10)

        sheet = printed(seed)

        assert sheet.size() == (210, 297)
        assert sheet.faults == []
        assert sheet.language == "fr"
        assert all(sheet.fonts.values())

    @pytest.mark.parametrize(
        "name",
        ["Ștefănescu", "Nguyễn", "Παπαδόπουλος", "Ковальчук", "Þórðarson", "Ayşe Gül", "Ọláyínká", "e\u0301te\u0301"],
    )
    def test_a_name_of_any_alphabet_that_the_form_takes_is_legible(self, seed: TrainingSession, name: str) -> None:
        validators.person_name(name)
        make_registration(seed, last_name=name, organisation=name, job_title=name)

        sheet = printed(seed)

        assert all(font.startswith("Cap-Rural-") for font in sheet.fonts), "with no font of this machine"
        text = subprocess.run(
            ["pdftotext", "-", "-"], input=sheet.content, capture_output=True, check=True
        ).stdout.decode()
        assert text.count(unicodedata.normalize("NFC", name)) == 3
        assert sheet.faults == [], "a missing glyph is one"

    def test_names_without_end_wrap_and_stay_in_their_cell(self) -> None:
        long = "Interterritorialité" * 8
        trainer = make_trainer(name=long[:120], organisation=long, role=long)
        session = make_session(
            title=long,
            subtitle=long,
            days=tuple(date(2017, 4, 12) + timedelta(n) for n in range(2)),
            trainers=(trainer,),
        )
        make_registration(session, last_name=long[:80], first_name=long[:80], organisation=long, job_title=long[:120])

        sheet = printed(session)
        rows = signature_cells(sheet, 4)

        assert "".join(long[:80].split()) in sheet.text.replace(" ", "")
        assert [size for row in rows for size in row if size[0] < 30] == []
        assert len(rows) == len(sheet.pages) + 1 + 2 + 1
        assert sheet.size() == (297, 210)


class TestLongSessions:
    @pytest.mark.parametrize(("days", "per_sheet"), [(1, [2]), (2, [4]), (3, [4, 2]), (5, [4, 4, 2])])
    def test_go_on_with_further_sheets_by_whole_days(self, days: int, per_sheet: list[int]) -> None:
        session = make_session(days=tuple(date(2017, 4, 10) + timedelta(n) for n in range(days)))

        found = attendance_sheet.sheets(display(session))

        assert [len(sheet.half_days) for sheet in found] == per_sheet
        assert [day.date for sheet in found for day in sheet.days] == [day.date for day in session.days.all()]

    def test_each_sheet_is_complete(self, seed: TrainingSession) -> None:
        for number in (1, 2):
            seed.days.create(
                date=date(2017, 4, 12) + timedelta(number), starts_at=time(9), ends_at=time(17), place="Lyon (69)"
            )
        make_people(seed, 3)
        Organisation.objects.create(pk=1, name="Cap Rural")

        sheet = printed(seed)
        first, second = sheet.pages

        for number, page in enumerate(sheet.pages, start=1):
            assert f"Cap Rural – feuille d’émargement {number} sur 2" in page
            assert all(f"{n + 1} Nom{n:02} Camille" in page for n in range(3))
            assert "Dominique Bernier Intervenant·e" in page
            assert "Signature de la personne responsable" in page
        assert "jeudi 13 avril 2017, de 9 h à 17 h, Lyon (69)" in first
        assert "vendredi 14 avril 2017" not in first
        assert "Date : vendredi 14 avril 2017, de 9 h à 17 h, Lyon (69)" in second
        assert [len(row) for row in sheet.rows(7, border=BORDER)] == [7] * 7
        assert [len(row) for row in sheet.rows(5, border=BORDER)] == [5] * 7
        assert sheet.faults == []

    def test_five_half_days_keep_cells_of_30_mm(self, seed: TrainingSession) -> None:
        seed.days.create(date=date(2017, 4, 13), starts_at=time(9), ends_at=time(17))
        seed.days.create(date=date(2017, 4, 14), starts_at=time(9), ends_at=time(12))

        rows = signature_cells(printed(seed), 5)

        assert len(rows) == 1 + 2 + 1
        assert [size for row in rows for size in row if size[0] < 30] == []


def test_the_screen_shows_the_same_include(seed: TrainingSession) -> None:
    make_people(seed, 3)
    context = attendance_sheet.context(display(seed), now=NOW)

    html = render_to_string("pdf/includes/attendance_sheet.html", context)

    assert html.count('<td class="signature"></td>') == (3 + 2 + 1) * 2
    assert "<h1" not in html
    assert "style=" not in html


def test_two_queries_with_one_person_or_ten(
    seed: TrainingSession, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for people in (1, 9):
        make_people(seed, people, job_title=f"Groupe de {people}")
        session = display(seed)

        with django_assert_num_queries(2):
            render_to_string("pdf/attendance_sheet.html", attendance_sheet.context(session, now=NOW))
