from django.apps import AppConfig


class HouseConfig(AppConfig):
    name = "caprural.house"
    verbose_name = "Site"

    def ready(self) -> None:
        from caprural import retention
        from caprural.house.models import Heartbeat, Organisation

        named = ("contact_name", "phone", "email", "signatory_name", "signatory_role")
        retention.keep(
            retention.Line(
                "Responsables de l’organisme",
                "tant qu’ils le sont",
                "La loi demande de dire qui publie et qui répond.",
                Organisation,
                (*named, "privacy_email", "publication_director"),
            )
        )
        retention.not_personal(
            Organisation,
            *("name", "legal_form", "address", "website", "siret", "logo", "cheque_payee", "iban", "bic"),
            *("chorus_pro", "fee_mention", "hosting"),
        )
        retention.not_personal(Heartbeat, "worker")
