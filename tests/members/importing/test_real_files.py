"""Files of real life, read whole: what the coordinator sees before anything is written (SPEC §6)."""

from pathlib import Path

import pytest

from caprural import spreadsheets
from members import importing
from members.importing import Plan
from tests.factories import NOW
from tests.members.importing.looked_at import said

pytestmark = pytest.mark.django_db

FILES = Path(__file__).parents[2] / "fixtures" / "spreadsheets"
STRUCT1 = "Communauté de communes fictive des Étangs"


def looked_at(kind: str, name: str) -> Plan:
    """What this file would do."""
    return importing.plan(kind, spreadsheets.read(name, (FILES / name).read_bytes()), now=NOW)


@pytest.fixture(autouse=True)
def _base() -> None:
    plan = looked_at("members", "base_cotisants.csv")
    assert not plan.is_refused
    plan.reader.write(now=NOW)


def test_addresses_written_askew() -> None:
    """C1: what does not count is cleaned; each refusal says what is wrong, and what was likely meant."""

    def refused(number: int, address: str, sentence: str) -> tuple[int, str, str, list[str]]:
        return (number, "refused", f"{address} – {STRUCT1}", [f"Mail « {address} » : {sentence}"])

    assert said(looked_at("people", "13_adresses_de_travers.csv")) == [
        (2, "created", f"ana.fictive@struct1.example – {STRUCT1}", ["Nom : « Espace sans chasse »"]),
        (3, "created", f"eva.fictive@struct1.example – {STRUCT1}", ["Nom : « Espace insécable »"]),
        refused(
            4,
            "noé fictif <noe.fictif@struct1.example>",
            "Cette adresse est entourée d’un nom ou des signes < et > : est-ce « noe.fictif@struct1.example » ?",
        ),
        refused(
            5,
            "mailto:lou.fictif@struct1.example",
            "Cette adresse commence par « mailto: » : est-ce « lou.fictif@struct1.example » ?",
        ),
        refused(
            6,
            "tom@struct1.example; tim@struct1.example",
            "Il y a ici plusieurs adresses, « tom@struct1.example » et « tim@struct1.example » : gardez-en une seule.",
        ),
        refused(
            7,
            "jo.fictif@struct1,example",
            "Cette adresse contient une virgule : est-ce « jo.fictif@struct1.example » ?",
        ),
        (8, "created", f"maxime.fictif@struct1.example – {STRUCT1}", ["Nom : « Césure invisible »"]),
        refused(
            9,
            "hélène.fictive@struct1.example",
            "Cette adresse porte « é » et « è » avant l’arobase, où aucun accent n’est possible : "
            "est-ce « helene.fictive@struct1.example » ?",
        ),
        refused(
            10,
            "ben.fictif@struct1.example.",
            "Cette adresse finit par « . » : est-ce « ben.fictif@struct1.example » ?",
        ),
        (11, "created", f"lea.fictive@struct1.example – {STRUCT1}", ["Nom : « MAJUSCULES »"]),
    ]
