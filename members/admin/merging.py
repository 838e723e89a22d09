"""« Fusionner deux cotisants » in the admin (R13, R14)."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from caprural import typography
from caprural.admin import StaffAdmin, page
from caprural.confirming import Foreseen, ask
from caprural.mailing import outbox
from members import merging
from members.forms import MergeForm
from members.models import Member

LIST = "admin:members_member_changelist"


class MergingPages(StaffAdmin):
    """An action on two members, then a page that shows both and asks which one is kept."""

    @admin.action(description="Fusionner deux cotisants", permissions=["delete"])
    def merge_two(self, request: HttpRequest, queryset: QuerySet[Member]) -> HttpResponse | None:
        """Exactly two."""
        pks = sorted(queryset.values_list("pk", flat=True)[:3])
        if len(pks) != 2:
            messages.error(request, "Cochez deux cotisants, ni plus ni moins, puis recommencez.")
            return None
        return redirect("admin:merge_members", *pks)

    @page("<int:pk>/fusionner/<int:other_pk>/", name="merge_members")
    def merge_page(self, request: HttpRequest, pk: int, other_pk: int) -> HttpResponse:
        """Both members side by side, what will move, and which one is kept."""
        if not self.has_view_permission(request):
            raise Http404
        if not (self.has_change_permission(request) and self.has_delete_permission(request)):
            raise PermissionDenied
        related = ("people", "domains", "fees__campaign", "fees__category", "fees__applications")
        members = list(Member.objects.filter(pk__in={pk, other_pk}).prefetch_related(*related).order_by("pk"))
        if len(members) != 2:
            messages.warning(request, "Ces deux cotisants n’en font déjà plus qu’un.")
            return redirect(LIST)
        form = MergeForm(request.POST if request.method == "POST" else None, members=members)
        foreseen = None
        if form.is_valid():
            [kept], [gone] = (
                [member for member in members if (member == form.cleaned_data["keep"]) is is_kept]
                for is_kept in (True, False)
            )
            try:
                foreseen, is_done = ask(
                    request,
                    row=None,
                    lock=lambda: merging.lock([gone.pk, kept.pk]),
                    foresee=lambda _: Foreseen.of(merging.foresee(gone, into=kept, now=timezone.now())),
                    act=lambda _: self._merge(request, gone, kept),
                    is_free=True,
                )
            except merging.MergeRefused as refused:
                form.add_error(None, str(refused))
            else:
                if is_done:
                    return redirect("admin:members_member_change", kept.pk)
        context = {"form": form, "submit": "Fusionner", "members": members, "back": reverse(LIST), "foreseen": foreseen}
        return self.act_page(request, "admin/members/member/merge.html", "Fusionner deux cotisants", context)

    def _merge(self, request: HttpRequest, gone: Member, kept: Member) -> None:
        name = gone.name
        with outbox.recording() as letters:
            merging.merge(gone, into=kept, now=timezone.now())
        self.log_change(request, kept, f"Fusionné avec « {name} ».")
        count = len(letters)
        told: Any = f" {count} {typography.plural(count, 'message part,messages partent')}." if count else ""
        messages.success(request, f"« {name} » et « {kept} » ne font plus qu’un.{told}")
