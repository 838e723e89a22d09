"""How long what we hold about people is kept: one table, printed for them and applied by the worker (R25)."""

from caprural.retention.policy import (
    Line,
    StillExpected,
    delete,
    empty,
    filled,
    keep,
    lines,
    not_personal,
    unless,
)
from caprural.retention.purging import erase, purge, purge_daily
