"""Lines of a file of fees (R13): the history of another tool, or what the bank has received.

A fee imported as paid gets no receipt, and its payer no message. The people it covers are confirmed all the same (R16).
"""

from datetime import date, datetime
from typing import Any

from django.utils import timezone

from caprural import spreadsheets, typography
from caprural.spreadsheets import fold, quoted
from members import consequences, fees, receipts
from members.importing.known import Known
from members.importing.lines import Cells, Line, Outcome, change, either, number, shown
from members.importing.reading import Lines
from members.models import FeeCampaign, FeeCategory, Member, MembershipFee

Status = MembershipFee.Status
Method = MembershipFee.Method

#: Free fields; the others follow rules.
_TEXTS = ("reference", "engagement_number", "note")
#: Only a fee in one of these has a day of payment.
_WITH_A_DAY = (Status.PAID, Status.CANCELLED)
_STATUS_SYNONYMS: dict[str, tuple[str, ...]] = {
    Status.DUE: ("en attente", "due", "à payer", "à régler", "non payée", "impayée", "non réglée", "non"),
    Status.COMMITTED: ("engagement", "engagée", "bon de commande reçu", "mandat en cours"),
    Status.PAID: ("payé", "réglée", "réglé", "acquittée", "encaissée", "soldée", "oui"),
    Status.WAIVED: ("exonéré", "dispensée", "gratuite"),
    Status.CANCELLED: ("annulé",),
}
_STATUSES = {
    **{fold(label): value for value, label in Status.choices},
    **{fold(word): status for status, words in _STATUS_SYNONYMS.items() for word in words},
}
_STATUS_LABELS = either(Status.labels)
_METHODS = {
    **{fold(label): value for value, label in Method.choices},
    **dict.fromkeys(("cheque", "chq", "chequebancaire"), Method.CHEQUE),
    **dict.fromkeys(("vir", "virementbancaire"), Method.TRANSFER),
    **dict.fromkeys(("mandat", "mandatadministratif", "chorus", "choruspro"), Method.MANDATE),
}
_METHOD_LABELS = either(Method.labels)


class FeeLines(Lines):
    """Fees, whose members gain or lose a cover."""

    model = MembershipFee

    def __init__(self, known: Known, *, now: datetime) -> None:
        super().__init__(known, now=now)
        self._cancelled: list[MembershipFee] = []

    def read(self, cells: Cells) -> Line:
        member = self.known.member_of(cells)
        campaign = self.known.campaign_of(cells)
        category = self.known.category_of(cells, campaign) if campaign else None
        given = self._given(cells, category)
        name = f"{member or cells.text('member')} – {campaign or cells.text('campaign')}"
        fee = self._target(cells, member, campaign, given) if member and campaign else None
        if fee is None:
            return cells.refused(name)
        if line := self.repeated(id(fee), cells, given, name):
            return line
        details = self._opened(cells, given) if fee._state.adding else self._moved(cells, fee, given)
        if cells.reasons:
            return cells.refused(name)
        if fee._state.adding:
            self._open(fee, given)
            return cells.line(Outcome.CREATED, name, details)
        if details:
            self._change(fee, given)
        return cells.line(Outcome.CHANGED if details else Outcome.UNCHANGED, name, details)

    def _given(self, cells: Cells, category: FeeCategory | None) -> dict[str, Any]:
        """What the line says, empty cells left out: they leave what is there."""
        given: dict[str, Any] = {
            "category": category,
            "amount": cells.understood("amount", spreadsheets.amount),
            "status": cells.chosen("status", _STATUSES, _STATUS_LABELS),
            "method": cells.chosen("method", _METHODS, _METHOD_LABELS),
            "paid_on": cells.understood("paid_on", self._past_day),
            **{name: cells.text(name) for name in _TEXTS},
        }
        given = {name: value for name, value in given.items() if value not in ("", None)}
        texts = {name: given[name] for name in _TEXTS if name in given}
        cells.validate(MembershipFee(**texts), texts)
        return given

    def _past_day(self, value: spreadsheets.Cell) -> date:
        found = spreadsheets.day(value)
        if found > timezone.localdate(self.now):
            raise spreadsheets.NotUnderstood(f"{quoted(value)} n’est pas encore venu : corrigez la date")
        return found

    def _target(
        self, cells: Cells, member: Member, campaign: FeeCampaign, given: dict[str, Any]
    ) -> MembershipFee | None:
        """The fee this line is about, a new one if need be; None when nobody can tell, with the reason.

        Without a number, the member's live fee. A line « annulée » is first looked for among those cancelled already.
        """
        wrong = len(cells.reasons)
        pk = cells.understood("pk", number)
        if len(cells.reasons) > wrong:
            return None
        fees_there = self.known.fees_of[member.pk, campaign.pk]
        if pk is not None:
            numbered = self.known.fees.get(pk)
            if numbered is None:
                cells.refuse(f"{cells.where('pk')} : aucune cotisation n’a l’identifiant {pk} : videz cette case.")
            elif numbered not in fees_there:
                cells.refuse(
                    f"{cells.where('pk')} : {pk} est celui de {quoted(str(numbered))} : corrigez l’un des deux."
                )
                numbered = None
            return numbered
        found = next((fee for fee in fees_there if fee.status != Status.CANCELLED), None)
        if given.get("status") == Status.CANCELLED:
            cancelled = [fee for fee in fees_there if fee.status == Status.CANCELLED]
            same = next((fee for fee in cancelled if not _differences(fee, given)), None)
            found = same or found or next(reversed(cancelled), None)
        if found is None:
            found = MembershipFee(member=member, campaign=campaign)
            fees_there.append(found)
        return found

    def _opened(self, cells: Cells, given: dict[str, Any]) -> list[str]:
        """What a new fee says; what it lacks is refused."""
        status = given.get("status", Status.DUE)
        if "category" not in given and cells.raw("category") == "":
            cells.refuse(f"{cells.where('category')} : la case est vide : donnez la catégorie du barème.")
        self._judge_day(cells, given, status, given.get("paid_on"))
        category = given.get("category")
        said = {"amount": category.amount if category else "", "status": status, **given}
        names = ("category", "amount", "status", "method", *_TEXTS[:2], "paid_on", "note")
        return [f"{cells.title(name)} : {shown(_label(name, said[name]))}" for name in names if said.get(name)]

    def _moved(self, cells: Cells, fee: MembershipFee, given: dict[str, Any]) -> list[str]:
        """What changes of a fee that is there; what its rules forbid is refused (R13)."""
        if "category" in given and "amount" not in given and given["category"] != fee.category:
            given["amount"] = given["category"].amount
        differences = _differences(fee, given)
        state = quoted(Status(fee.status).label)
        status = Status(given.get("status", fee.status))
        if "status" in differences and status not in fees.TRANSITIONS[fee.status]:
            cells.refuse(f"{cells.where('status')} : {fees.refusal(fee)} Videz cette case pour la laisser ainsi.")
        frozen = [name for name in ("category", "amount") if name in differences]
        if frozen and fee.status != Status.DUE:
            is_now = " et ".join(str(_label(name, getattr(fee, name))) for name in frozen)
            cells.refuse(
                f"{cells.where(frozen[0])} : cette cotisation est {state} : son montant est figé ({is_now}). "
                "Videz cette case, ou annulez d’abord la cotisation."
            )
        if "paid_on" in differences and fee.status in _WITH_A_DAY:
            cells.refuse(
                f"{cells.where('paid_on')} : cette cotisation est {state} : le jour de son paiement ne change plus."
            )
        elif not cells.reasons and ("paid_on" in differences or "status" in differences):
            self._judge_day(cells, given, status, given.get("paid_on", fee.paid_on))
        return [
            change(cells.title(name), _label(name, getattr(fee, name)), _label(name, given[name]))
            for name in differences
        ]

    def _judge_day(self, cells: Cells, given: dict[str, Any], status: str, paid_on: date | None) -> None:
        if cells.raw("status") != "" and "status" not in given:
            return  # refused already, and nobody knows what was meant
        if status == Status.PAID and paid_on is None and cells.raw("paid_on") == "":
            cells.refuse(
                f"{cells.where('paid_on')} : la case est vide : une cotisation « payée » demande le jour du paiement."
            )
        if paid_on and status not in _WITH_A_DAY:
            label = quoted(Status(status).label)
            cells.refuse(
                f"{cells.where('paid_on')} : une cotisation {label} n’a pas de jour de paiement : "
                "videz cette case, ou corrigez l’état."
            )

    def _open(self, fee: MembershipFee, given: dict[str, Any]) -> None:
        fee.amount = given["category"].amount
        for name, value in given.items():
            setattr(fee, name, value)
        fee.status = given.get("status", Status.DUE)
        fee.status_changed_at = self.now
        self.created.append(fee)
        if fee.is_accepted:
            self.concerned.add(fee.member_id)

    def _change(self, fee: MembershipFee, given: dict[str, Any]) -> None:
        was_accepted, before = fee.is_accepted, fee.status
        for name in _differences(fee, given):
            setattr(fee, name, given[name])
            self.fields.add(name)
        fee.status = given.get("status", before)
        if fee.status != before:
            fee.status_changed_at = self.now
            self.fields.add("status_changed_at")
        self.changed.append(fee)
        if fee.is_accepted != was_accepted:
            self.concerned.add(fee.member_id)
        if fee.status == Status.CANCELLED != before:
            self._cancelled.append(fee)

    def foresee(self) -> list[consequences.Change]:
        accepted = [fee for fee in (*self.changed, *self.created) if fee.is_accepted]
        return consequences.foresee(
            self.concerned, lambda cover: cover.without(*self.changed).accepting(*accepted), now=self.now
        )

    def write_more(self) -> None:
        receipts.void(*self._cancelled, now=self.now)


def _differences(fee: MembershipFee, given: dict[str, Any]) -> list[str]:
    return [name for name, value in given.items() if not _is_same(getattr(fee, name), value)]


def _is_same(before: Any, after: Any) -> bool:
    return bool(spreadsheets.clean(before) == after if isinstance(before, str) else before == after)


def _label(name: str, value: Any) -> Any:
    match name:
        case "amount" if value != "":
            return typography.amount(value)
        case "category":
            return value.label
        case "status":
            return Status(value).label
        case "method" if value:
            return Method(value).label
        case "paid_on":
            return typography.medium_date(value)
    return value
