from django.urls import path

from members import views

urlpatterns = [
    path("cotisation/", views.fee, name="fee"),
    path("cotisation/bulletin.pdf", views.membership_form_blank, name="membership_form_blank"),
]
