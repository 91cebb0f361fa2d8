"""Every rule that is broken."""

from reports.mutants.of_gates import BOOTSTRAP, GATES
from reports.mutants.of_instruments import CONTROLS, METRICS
from reports.mutants.of_order import ORDER
from reports.mutants.of_reproduction import REJUDGE, REPRODUCE, SUBJECT
from reports.mutants.of_rules import RULES
from reports.mutants.of_running import CONCLUSION, SECONDARY, STUDY
from reports.mutants.of_seals import BUNDLE, HISTORY, LEDGER, SEAL, STORE
from reports.mutants.of_verdict import DECISION, DOCUMENT

MUTANTS = (
    *RULES, *GATES, *BOOTSTRAP, *CONTROLS, *METRICS, *DECISION, *DOCUMENT, *ORDER, *REPRODUCE, *REJUDGE, *SUBJECT,
    *CONCLUSION, *SECONDARY, *STUDY, *SEAL, *LEDGER, *STORE, *BUNDLE, *HISTORY,
)  # fmt: skip
