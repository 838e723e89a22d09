"""What every page knows."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from caprural.house.models import Organisation


def organisation(request: HttpRequest) -> dict[str, object]:
    """The organisation, read only by the pages that name it."""
    return {"organisation": SimpleLazyObject(Organisation.current)}
