"""The flyer of 12 April 2017, line by line, in the page of the session that was typed from it (R1)."""

import re
import unicodedata
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from caprural.house.models import Organisation
from sessions_app.models import TrainingSession
from tests.support import pages

FLYER = Path(__file__).parent.parent / "fixtures" / "flyer.txt"
SLUG = "conduire-une-demarche-de-cooperation-2017"
SECTIONS = ("rationale", "audience", "programme", "teaching_method", "about", "prerequisites", "conditions")

pytestmark = pytest.mark.django_db


def fold(words: str) -> str:
    """Without white space, accents, bullets, nor the choice of quotes, apostrophes, ellipsis and dash between words."""
    decomposed = unicodedata.normalize("NFKD", re.sub(r"^\s*[→-]", "", words).replace(" - ", " – "))
    letters = "".join(char for char in decomposed if not unicodedata.combining(char) and not char.isspace())
    return re.sub("[«»“”]", '"', letters.replace("’", "'"))


def flyer_lines() -> list[str]:
    """Every line of the flyer, but the separators, and the four addresses at its end, which are links of the page."""
    lines = [line.strip() for line in FLYER.read_text(encoding="utf-8").splitlines()]
    return [
        line for line in lines if line and not re.fullmatch("-+", line) and not re.match(r"https?://|mailto:", line)
    ]


def missing_lines(client: Client) -> list[str]:
    """The lines of the flyer that the page does not say, or not at their place."""
    page, position, missing = fold(pages.main(client.get(f"/sessions/{SLUG}/"))), 0, []
    for line in flyer_lines():
        found = page.find(fold(line), position)
        if found < 0:
            missing.append(line)
        else:
            position = found + len(fold(line))
    return missing


@pytest.fixture
def seed() -> TrainingSession:
    Organisation.objects.create(name="Cap Rural")
    call_command("loaddata", SLUG, verbosity=0)
    return TrainingSession.objects.get(slug=SLUG)


def test_the_flyer_is_whole() -> None:
    lines = flyer_lines()
    assert len(lines) == 42
    assert lines[0] == "Conduire une démarche de coopération"
    assert lines[-1].endswith("cooperationsentreacteurs@caprural.org")


def test_every_line_is_on_the_page_in_order(client: Client, seed: TrainingSession) -> None:
    assert missing_lines(client) == []


def test_a_removed_list_item_is_noticed(client: Client, seed: TrainingSession) -> None:
    """The comparison above is worth something: take away any line of any list, and it names that very line."""
    items = [
        (name, line) for name in SECTIONS for line in getattr(seed, name).split("\n") if line.lstrip().startswith("- ")
    ]
    assert len(items) == 14
    for name, line in items:
        text = getattr(seed, name)
        TrainingSession.objects.update(
            **{name: text.replace(f"{line}\n", "") if f"{line}\n" in text else text[: -len(line)]}
        )
        assert [fold(missing) for missing in missing_lines(client)] == [fold(line)]
        TrainingSession.objects.update(**{name: text})


def test_another_order_is_noticed(client: Client, seed: TrainingSession) -> None:
    TrainingSession.objects.update(audience=seed.programme, programme=seed.audience)
    assert missing_lines(client) != []


def test_lists_keep_their_two_levels(client: Client, seed: TrainingSession) -> None:
    main = pages.one(pages.tree(client.get(f"/sessions/{SLUG}/")), ".//main")
    nested = {pages.text(item) for item in main.iterfind(".//li//li")}
    assert nested == {
        "Mesurer l’opportunité de coopérer",
        "Structurer les modes de faire et la gouvernance",
        "Animer un processus de coopération",
    }
    [parent] = [item for item in main.iterfind(".//li") if item.find(".//li") is not None]
    assert fold(parent.text or "") == fold("Des méthodes et des outils pour :")


def test_sections_are_headings(client: Client, seed: TrainingSession) -> None:
    main = pages.one(pages.tree(client.get(f"/sessions/{SLUG}/")), ".//main")
    assert pages.text(pages.one(main, ".//h1")).startswith("Conduire une démarche de coopération")
    assert [pages.text(heading) for heading in main.iterfind(".//h2")] == [
        "Une session pour quoi ?",
        "Une session pour qui ?",
        "Au programme",
        "Méthode pédagogique",
        "Qui intervient ?",
        "À propos",
        "En pratique",
    ]


def test_the_four_links_of_the_flyer_have_their_page(client: Client, seed: TrainingSession) -> None:
    """Bulletin and e-mail are links; the two Google forms are the registration (closed since 2017) and the survey."""
    links = pages.links(pages.one(pages.tree(client.get(f"/sessions/{SLUG}/")), ".//main"))
    assert links["télécharger le bulletin de cotisation"] == "/cotisation/bulletin.pdf?le=2017-04-12"
    assert links["cooperationsentreacteurs@caprural.org"] == "mailto:cooperationsentreacteurs@caprural.org"
    assert links["06 66 46 62 76"] == "tel:+33666466276"


def test_an_empty_section_leaves_no_trace(client: Client, seed: TrainingSession) -> None:
    TrainingSession.objects.update(**dict.fromkeys(SECTIONS, ""))
    seed.session_trainers.all().delete()
    main = pages.one(pages.tree(client.get(f"/sessions/{SLUG}/")), ".//main")
    assert [pages.text(heading) for heading in main.iterfind(".//h2")] == ["En pratique"]
