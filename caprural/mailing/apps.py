from django.apps import AppConfig


class MailingConfig(AppConfig):
    name = "caprural.mailing"
    verbose_name = "Messages"
