"""The columns of the spreadsheets that come in and go out: one list for both, so that what goes out may come back."""

from dataclasses import dataclass, replace
from functools import cached_property

from caprural.spreadsheets import fold
from members.models import SpreadsheetImport

Kind = SpreadsheetImport.Kind


@dataclass(frozen=True)
class Column:
    """A column under the title we write; `synonyms` are other titles under which people keep the same thing."""

    name: str
    title: str
    synonyms: str = ""
    hint: str = ""
    example: str = ""

    @property
    def titles(self) -> set[str]:
        """Every title it is known under, folded."""
        return {fold(title) for title in (self.title, *self.synonyms.split(", ")) if title}


@dataclass(frozen=True)
class Layout:
    """The columns of one kind of file. Of each group of `needed`, one column at least must be there."""

    label: str
    columns: tuple[Column, ...]
    needed: tuple[tuple[str, ...], ...]
    #: Read only: pieces in which people keep what is one column of ours.
    parts: tuple[Column, ...] = ()

    @cached_property
    def by_title(self) -> dict[str, Column]:
        """The columns by each of their titles."""
        return {title: column for column in (*self.columns, *self.parts) for title in column.titles}

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(column for column in (*self.columns, *self.parts) if column.name == name)

    @property
    def compulsory(self) -> set[str]:
        """Columns without which a file is refused; of those that may stand for each other, the first."""
        return {group[0] for group in self.needed}


_STRUCTURE = "Nom de la structure, Structure, Raison sociale, Dénomination, Adhérent, Organisme"
_SIRET = "N° SIRET, Numéro SIRET, N° de SIRET, Numéro de SIRET, SIRET du cotisant, Code SIRET"
_EMAIL = "Courriel, Mail, E mail, Adresse e-mail, Adresse mail, Adresse électronique, Adresse courriel"
_MEMBER_PK = Column("member_pk", "Identifiant du cotisant", "N° du cotisant", "celui de nos exports ; facultatif")
_MEMBER = Column(
    "member",
    "Cotisant",
    f"Nom du cotisant, {_STRUCTURE}",
    "son nom exact, ou son SIRET",
    "Communauté de communes fictive du Plateau",
)
_MEMBER_SIRET = Column("siret", "SIRET", _SIRET, "celui du cotisant ; facultatif", example="73282932000074")
_NOTE = Column("note", "Note interne", "Note, Notes, Remarque, Remarques, Commentaire, Observations")

LAYOUTS: dict[str, Layout] = {
    Kind.MEMBERS: Layout(
        "Cotisants",
        (
            Column("pk", "Identifiant", "Id, N°", "celui de nos exports, ou « nouveau » pour un homonyme"),
            Column("kind", "Nature", "Type", "structure ou personne", "structure"),
            Column("name", "Nom", f"Nom du cotisant, Cotisant, {_STRUCTURE}", example=_MEMBER.example),
            Column(
                "contact_name",
                "Personne à contacter",
                "Contact, Interlocuteur, Nom du contact, Correspondant",
                example="Camille Fictive",
            ),
            Column("email", "E-mail", _EMAIL, example="contact@cc-plateau.example"),
            Column("phone", "Téléphone", "Tél, Tel, N° de téléphone, Portable", example="04 78 00 00 00"),
            Column(
                "address",
                "Adresse postale",
                "Adresse, Adresse complète, Adresse 1, Rue, Voie, N° et rue",
                example="1 place de la Démonstration, 69000 Adresse-Fictive",
            ),
            Column("siret", "SIRET", _SIRET, "quatorze chiffres", _MEMBER_SIRET.example),
            Column("service_code", "Code service", "Service Chorus, Code service Chorus", "pour Chorus Pro"),
            Column(
                "domains",
                "Domaines e-mail",
                "Domaines, Domaine, Domaine e-mail, Nom de domaine, Noms de domaine",
                "séparés par une virgule ; ils s’ajoutent à ceux du cotisant",
                "cc-plateau.example",
            ),
            _NOTE,
        ),
        (("name",),),
        (
            Column("address_more", "Complément d’adresse", "Adresse 2, Complément, Lieu-dit"),
            Column("postcode", "Code postal", "CP"),
            Column("town", "Ville", "Commune, Localité, Bureau distributeur"),
            Column("first_name", "Prénom", "Prénoms"),
            Column("contact_first_name", "Prénom du contact", "Prénom de la personne à contacter"),
        ),
    ),
    Kind.PEOPLE: Layout(
        "Personnes couvertes",
        (
            _MEMBER_PK,
            _MEMBER_SIRET,
            _MEMBER,
            Column("email", "E-mail", _EMAIL, example="camille.fictive@cc-plateau.example"),
            Column(
                "name",
                "Nom",
                "Nom de la personne, Nom de famille, Personne, Nom et prénom, Prénom et nom, Nom prénom, Prénom nom",
                example="Camille Fictive",
            ),
        ),
        (("member", "siret", "member_pk"), ("email",)),
        (Column("first_name", "Prénom", "Prénoms, Prénom de la personne"),),
    ),
    Kind.FEES: Layout(
        "Cotisations",
        (
            Column("pk", "Identifiant", "Id, N°, Référence de la cotisation", "celui de nos exports ; facultatif"),
            _MEMBER_PK,
            _MEMBER_SIRET,
            replace(_MEMBER, synonyms=f"{_MEMBER.synonyms}, Nom"),
            Column(
                "campaign",
                "Campagne",
                "Année, Exercice, Millésime, Campagne de cotisation",
                "son nom, ou l’année qu’elle couvre",
                "2017",
            ),
            Column(
                "category",
                "Catégorie",
                "Catégorie de cotisation, Libellé, Tarif, Barème, Type",
                "un libellé du barème de la campagne",
                "Collectivité ou établissement public",
            ),
            Column(
                "amount",
                "Montant",
                "Montant (€), Montant de la cotisation, Somme",
                "celui de la catégorie s’il manque",
                "250,00",
            ),
            Column(
                "status",
                "État",
                "Statut, Réglée, Payée, Payé, Réglé, Situation",
                "attendue, engagement reçu, payée (ou « oui »), exonérée, annulée ; attendue s’il manque",
                "payée",
            ),
            Column(
                "method",
                "Moyen de paiement",
                "Moyen, Mode de paiement, Mode de règlement, Règlement, Paiement",
                "chèque, virement, mandat administratif",
                "virement",
            ),
            Column(
                "reference",
                "Référence",
                "Référence du paiement, Référence du règlement, N° de chèque, Numéro de chèque",
                example="VIR-2017-042",
            ),
            Column(
                "engagement_number",
                "Numéro d’engagement",
                "N° d’engagement, Engagement, Bon de commande, N° de bon de commande",
            ),
            Column(
                "paid_on",
                "Payée le",
                "Payé le, Date de paiement, Date du paiement, Date de règlement, Réglée le, Réglé le",
                "obligatoire pour une cotisation payée",
                "03/04/2017",
            ),
            _NOTE,
        ),
        (("member", "siret", "member_pk"), ("campaign",), ("category",)),
    ),
}
