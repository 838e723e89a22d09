"""Accents, case, ligatures and punctuation set aside in the database too: how lists are searched and sorted (C6).

SQLite runs our own Python; PostgreSQL says the same in its words. Names sort as on the attendance sheet.
"""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver

from caprural import typography

_FOLDED = (
    "btrim(regexp_replace(lower(regexp_replace(normalize(translate("
    "replace(replace(replace(replace({}, 'Œ', 'oe'), 'œ', 'oe'), 'Æ', 'ae'), 'æ', 'ae'), 'ØøŁłĐđ', 'oolldd'), NFKD), "
    r"'[\u0300-\u036f]+', '', 'g')), '[\u0001-/:-@[-`{{-\u00bf\u2000-\u206f]+', ' ', 'g')) "
    'COLLATE "C"'
)


class Folded(models.Transform):
    """`last_name__folded__contains`: the text as `typography.fold` gives it."""

    lookup_name = "folded"
    function = "CAPRURAL_FOLD"
    output_field = models.TextField()
    postgresql = _FOLDED.format("%(expressions)s")

    def as_postgresql(self, compiler: Any, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        """Django's hook for this database."""
        return self.as_sql(compiler, connection, template=self.postgresql, **context)


class SortKey(Folded):
    """The first part of `typography.sort_key`: « de » and « d’ » do not count at the beginning of a name."""

    lookup_name = "sort_key"
    function = "CAPRURAL_SORT_KEY"
    postgresql = _FOLDED.format(r"regexp_replace(%(expressions)s, '^\s*(de\s+|d[''’]\s*)', '')")


models.CharField.register_lookup(Folded)
models.TextField.register_lookup(Folded)


@receiver(connection_created)
def teach_sqlite(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Both functions, for each new connection."""
    if connection.vendor == "sqlite":
        for name, function in (
            (Folded.function, lambda text: text and typography.fold(text)),
            (SortKey.function, lambda text: text and typography.sort_key(text)[0]),
        ):
            connection.connection.create_function(name, 1, function, deterministic=True)
