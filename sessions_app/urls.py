from django.contrib.sitemaps.views import sitemap
from django.urls import include, path, re_path

from sessions_app.sitemaps import SITEMAPS
from sessions_app.views import just_registered, private_page, registrations, sessions

#: A private link (R9); what does not look like one is a 404 without a query.
REGISTRATION = r"^inscriptions/(?P<token>[A-Za-z0-9_-]{22,43})/"

behind_the_link = [
    path("", private_page.registration_detail, name="registration_detail"),
    path("adresse/", registrations.registration_confirm_address, name="registration_confirm_address"),
    path("annuler/", registrations.registration_cancel, name="registration_cancel"),
    path("remplacer/", registrations.registration_replace, name="registration_replace"),
    path("coordonnees/", registrations.registration_edit, name="registration_edit"),
    path("adherer/", registrations.registration_apply, name="registration_apply"),
    path("donnees.json", private_page.registration_own_data, name="registration_own_data"),
    path("session.ics", private_page.registration_calendar, name="registration_calendar"),
    path("bulletin.pdf", private_page.registration_membership_form, name="registration_membership_form"),
    re_path(r"^documents/(?P<pk>[0-9]{1,18})/$", private_page.registration_document, name="registration_document"),
]

urlpatterns = [
    path("", sessions.home, name="home"),
    re_path(r"^sessions/archives/(?P<year>2[0-9]{3})/$", sessions.archive, name="archive"),
    path("sessions.ics", sessions.calendar_feed, name="calendar_feed"),
    path("sitemap.xml", sitemap, {"sitemaps": SITEMAPS}, name="sitemap"),
    path("sessions/<slug:slug>/", sessions.session_detail, name="session_detail"),
    path("sessions/<slug:slug>/inscription/", registrations.register, name="register"),
    path("sessions/<slug:slug>/fiche.pdf", sessions.session_flyer, name="session_flyer"),
    path("sessions/<slug:slug>/session.ics", sessions.session_calendar, name="session_calendar"),
    path("inscriptions/retrouver/", registrations.find_registration, name="find_registration"),
    # Too short for a token.
    path("inscriptions/votre-inscription/", just_registered.just_registered, name="just_registered"),
    path("inscriptions/votre-inscription/<str:handle>/", just_registered.just_registered, name="just_registered"),
    path(
        "inscriptions/votre-inscription/<str:handle>/adherer/",
        just_registered.just_registered_apply,
        name="just_registered_apply",
    ),
    re_path(REGISTRATION, include(behind_the_link)),
]
