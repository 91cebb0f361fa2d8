"""Decisions that were published under an earlier schema, in the keys of the present one: `older_decisions.py`.

`samples/` holds one document of each schema from this repository's history, complete in its core.
"""

from reports.judge.compare.older.older_decisions import not_stated as not_stated
from reports.judge.compare.older.older_decisions import upgraded as upgraded
