"""The membership form of a seat that awaits its fee, from the private link or from the browser that registered."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from caprural import limits
from members import applying
from members.forms import ApplicationForm
from members.views.application import TOO_MANY, form_status
from sessions_app.models import Registration
from sessions_app.views.files import form_page
from sessions_app.views.private_page import Fee


def apply_for(
    request: HttpRequest, registration: Registration, owed: Fee | None, *, source: str, back: str, now: datetime
) -> HttpResponse:
    """What the registration says is not typed again, and its address stays among the people covered."""
    refusal = "" if owed and owed.categories else "Cette inscription n’attend pas de cotisation à régler en ligne."
    status = 0
    if refusal and request.method != "POST":
        return redirect(back)
    form = ApplicationForm.of(
        request.POST if request.method == "POST" else None,
        categories=owed.categories if owed else [],
        must_cover=registration.email,
        initial={
            "name": registration.organisation,
            "contact_name": registration.full_name,
            "email": registration.email,
            "phone": registration.phone,
            "covers_contact": False,
        },
        people=[{"name": registration.full_name, "email": registration.email}],
    )
    if not refusal and form.is_bound and form.is_valid():
        application, people = form.application()
        application.filled_from = source
        try:
            applying.apply(application, people, network=limits.network_of(request), now=now)
        except limits.LimitReached as refused:
            refusal, status = str(refused), TOO_MANY
        else:
            return redirect(back)
    context = {
        "registration": registration,
        "session": registration.session,
        "form": form,
        "refusal": refusal,
        "back": back,
    }
    return form_page(
        request, "registration_apply", context, status=status or form_status(form, is_refused=bool(refusal))
    )
