"""Spreadsheets of members, covered people and fees that come in: shown line by line, then imported whole or not at all.

`plan` only reads, and says what each line would do; `apply` does it in one transaction, if it is still what was shown;
`work_on` is what a worker, or a request for a small file, does with a file that was sent.
"""

from members.importing.lines import Line, Outcome
from members.importing.planning import Plan, plan
from members.importing.sheet import WrongColumns, match, read
from members.importing.working import AT_ONCE, apply, forget, forgotten, run, work_on
