"""Find a payer: from what someone types in one box, or from what is known of a person nobody covers yet (R14).

Names are compared in Python, folded: no database does it alike. A few thousand members are read in a few columns, in a
number of queries that does not depend on them.
"""

from caprural.typography import fold
from members.finding.folding import amount_in
from members.finding.naming import labels
from members.finding.searching import Found, fee_named, forms_to_check, of_members, search
from members.finding.suggesting import Suggestion, of_one_structure, suggest, suggest_all
