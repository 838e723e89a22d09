"""Spreadsheets in the admin: a file that comes in is shown line by line before anything is written; lists go out."""

from hashlib import sha256
from typing import Any, cast
from uuid import uuid4, uuid5

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from caprural import spreadsheets, typography
from caprural.admin import StaffAdmin, page
from members import exporting, importing
from members.columns import LAYOUTS
from members.forms import SpreadsheetForm
from members.importing import Line, Outcome
from members.models import Member, MembershipFee, SpreadsheetImport

Kind = SpreadsheetImport.Kind

#: Lines of a preview on one page.
PER_PAGE = 100
#: How often the page of a file under way comes again, in seconds.
REFRESH = 2
#: What is said of the lines of each outcome.
LABELS = {
    Outcome.REFUSED: "refusée,refusées",
    Outcome.CREATED: "à créer,à créer",
    Outcome.CHANGED: "à modifier,à modifier",
    Outcome.UNCHANGED: "inchangée,inchangées",
    Outcome.IGNORED: "ignorée,ignorées",
}
DONE_LABELS = {**LABELS, Outcome.CREATED: "créée,créées", Outcome.CHANGED: "modifiée,modifiées"}


@admin.register(SpreadsheetImport)
class SpreadsheetImportAdmin(StaffAdmin):
    """Files that came in, the last one first; « Ajouter » is the page that sends one."""

    takes_files = True
    comes_back_as_sent = False
    kept = "Un import dit d’où viennent des lignes\u00a0: corrigez-les plutôt, ou importez le fichier corrigé."
    list_display = ("file_name", "kind", "state", "lines_total", "created_by", "created_at")
    list_filter = ("kind", "status")
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[SpreadsheetImport]:
        return SpreadsheetImport.objects.light().select_related("created_by")

    @admin.display(description="état", ordering="status")
    def state(self, found: SpreadsheetImport) -> str:
        if found.status != SpreadsheetImport.Status.REFUSED:
            return found.get_status_display()
        return f"{found.get_status_display()} ({typography.counted(found.count(Outcome.REFUSED), 'ligne,lignes')})"

    # Coming in

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        initial = {"kind": request.GET.get("nature", ""), "sending": uuid4()}
        form = SpreadsheetForm(request.POST or None, request.FILES or None, initial=initial)
        if request.method == "POST" and form.is_valid():
            return self._page_of(self._received(request, form))
        context = {"form": form, "submit": "Analyser le fichier", "layouts": LAYOUTS, "back": self._list()}
        return self.act_page(request, "admin/members/spreadsheetimport/upload.html", "Importer un tableur", context)

    def _received(self, request: HttpRequest, form: SpreadsheetForm) -> SpreadsheetImport:
        """The import of this file, analysed already when it is small. The same form sent twice makes one; with
        another file, chosen after « Back », it makes another.
        """
        data, now = form.cleaned_data, timezone.now()
        found, is_new = SpreadsheetImport.objects.get_or_create(
            sending=uuid5(data["sending"], f"{data['kind']} {sha256(form.content).hexdigest()}"),
            defaults={
                "kind": data["kind"],
                "file_name": spreadsheets.clean(data["file"].name).replace("\n", " ")[-200:],
                "content": form.content,
                "lines_total": len(form.table.rows),
                "created_by": cast(User, request.user),
                "created_at": now,
                "asked_at": now,
            },
        )
        if is_new:
            self.log_addition(request, found, "Fichier envoyé.")
            self._at_once(found)
        return found

    def _at_once(self, found: SpreadsheetImport) -> None:
        """Nobody waits for a worker for a small file."""
        if found.lines_total <= importing.AT_ONCE:
            importing.work_on(found.pk, now=timezone.now())

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        found: SpreadsheetImport | None = self.get_object(request, object_id)
        if found is None:
            raise Http404
        if request.method == "POST":
            if not self.has_change_permission(request):
                raise PermissionDenied
            self._ask(request, found)
            return self._page_of(found)
        context = _preview(found, request.GET.get("lignes", ""), request.GET.get("page", "1")) | {
            "original": found,
            "back": self._list(),
            "is_neglected": found.is_neglected(timezone.now()),
            "can_act": self.has_change_permission(request),
        }
        title = f"Import de {found.get_kind_display()}"
        page = self.act_page(request, "admin/members/spreadsheetimport/preview.html", title, context)
        if found.is_under_way:
            page.headers["Refresh"] = str(REFRESH)
        return page

    def _ask(self, request: HttpRequest, found: SpreadsheetImport) -> None:
        """Ask for the import, or for another analysis. Asked twice, it is done once."""
        mine, now = SpreadsheetImport.objects.filter(pk=found.pk), timezone.now()
        if "again" in request.POST:
            same = mine.filter(status=found.status) if found.can_be_read_again else mine.none()
            asked = same.update(
                status=SpreadsheetImport.Status.TO_ANALYSE, asked_at=now, attempts=0, message="", lines_done=0
            )
        else:
            shown = mine.filter(
                status=SpreadsheetImport.Status.READY, fingerprint=request.POST.get("previewed", "")[:64]
            )
            asked = shown.update(status=SpreadsheetImport.Status.TO_APPLY, asked_at=now, attempts=0)
            if asked:
                self.log_change(request, found, f"Import demandé : {_lines(_writes(found))}.")
            elif found.status == SpreadsheetImport.Status.READY:
                messages.warning(request, "L’analyse a changé depuis : relisez ce qui sera fait, puis importez.")
        if asked:
            self._at_once(found)

    @page("<int:pk>/lignes/<str:part>.csv", name="spreadsheet_lines")
    def part(self, request: HttpRequest, pk: int, part: str) -> HttpResponse:
        """The refused lines of a file with the reason of each, to be corrected; or all the others."""
        found: SpreadsheetImport = self.row(request, pk, "view")
        if part not in ("refusees", "autres") or not found.content:
            raise Http404
        table = importing.read(found.kind, found.file_name, bytes(found.content))
        reasons = {line.number: " ".join(line.details) for line in _lines_of(found) if _is_refused(line)}
        is_refused, width = part == "refusees", len(table.header)
        rows = [
            [*row.cells, *[""] * (width - len(row.cells)), *([reasons[row.number]] if is_refused else [])]
            for row in table.rows
            if (row.number in reasons) == is_refused
        ]
        header = [*table.header, *(["Pourquoi"] if is_refused else [])]
        return spreadsheets.attached(f"lignes-{part}", "csv", spreadsheets.write_csv(header, rows))

    @page("modele/<str:kind>.<str:extension>", name="spreadsheet_example")
    def example(self, request: HttpRequest, kind: str, extension: str) -> HttpResponse:
        """A file to fill in."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if kind not in LAYOUTS or extension not in spreadsheets.CONTENT_TYPES:
            raise Http404
        name = f"modele-{slugify(LAYOUTS[kind].label)}"
        return spreadsheets.attached(name, extension, exporting.example(kind, extension))

    # Going out

    @page("exporter/<str:kind>.<str:extension>", name="export_spreadsheet")
    def export(self, request: HttpRequest, kind: str, extension: str) -> HttpResponse:
        """The rows of the list one comes from, its filters and its search included."""
        if kind not in LAYOUTS or extension not in spreadsheets.CONTENT_TYPES:
            raise Http404
        listed = self.admin_site.get_model_admin(MembershipFee if kind == Kind.FEES else Member)
        if not listed.has_view_permission(request):
            raise PermissionDenied
        try:
            found: Any = listed.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            messages.error(request, "Ce filtre n’est pas lisible : choisissez-le dans la liste, puis exportez.")
            return redirect(f"admin:{listed.opts.app_label}_{listed.opts.model_name}_changelist")
        name = f"{slugify(LAYOUTS[kind].label)}-{timezone.localdate().isoformat()}"
        return spreadsheets.attached(name, extension, exporting.export(kind, found, extension))

    def _list(self) -> str:
        return reverse("admin:members_spreadsheetimport_changelist")

    def _page_of(self, found: SpreadsheetImport) -> HttpResponse:
        return redirect("admin:members_spreadsheetimport_change", found.pk)


def _preview(found: SpreadsheetImport, asked: str, page: str) -> dict[str, Any]:
    """An analysis as it is read: what it comes to, then its lines, the refused ones first."""
    asked = asked if asked in set(Outcome) else ""
    is_done = found.status == SpreadsheetImport.Status.APPLIED
    lines = [] if is_done or found.is_under_way else _lines_of(found)
    kept = [line for line in lines if asked in ("", line.outcome)]
    kept.sort(key=lambda line: (not _is_refused(line), line.number))
    shown = Paginator(kept, PER_PAGE).get_page(page)
    labels = DONE_LABELS if is_done else LABELS
    return {
        "subtitle": found.file_name,
        "counts": [
            (outcome.value, found.count(outcome), typography.plural(found.count(outcome), labels[outcome]))
            for outcome in Outcome
            if found.count(outcome)
        ],
        "asked": asked,
        "page": shown,
        "lines": [(line, typography.plural(1, labels[line.outcome])) for line in shown],
        "refused": found.count(Outcome.REFUSED),
        "others": found.lines_total - found.count(Outcome.REFUSED),
        "writes": _writes(found),
        "submit": f"Importer {_lines(_writes(found))}",
        "is_done": is_done,
    }


def _writes(found: SpreadsheetImport) -> int:
    """How many lines change something."""
    return found.count(Outcome.CREATED) + found.count(Outcome.CHANGED)


def _lines_of(found: SpreadsheetImport) -> list[Line]:
    return [Line(number, Outcome(outcome), name, tuple(details)) for number, outcome, name, details in found.lines]


def _is_refused(line: Line) -> bool:
    return line.outcome == Outcome.REFUSED


def _lines(count: int) -> str:
    return f"{typography.number(count)} {typography.plural(count, 'ligne,lignes')}"
