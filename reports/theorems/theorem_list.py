"""The theorems that rules, traps, controls and pre-filter rest on, and claims of the source that are refuted.

`at_source` is what the source study published of it. Its tracker itself is not public; its tags are `open`,
`in-progress` and `zero-sorry`, the last for a Lean 4 proof without a gap. What happened to a theorem in a run is in
`reports/theorems/theorems.py`, and whether a prover has checked it in `proofs/record.json`; neither is typed here.
"""

from reports.theorems.gauge_theorems import GAUGE
from reports.theorems.law_theorems import LAWS
from reports.theorems.network_theorems import NETWORKS
from reports.theorems.rule_theorems import RULES
from reports.theorems.spectrum_theorems import SPECTRA
from reports.theorems.theorem_form import Theorem

THEOREMS: tuple[Theorem, ...] = (*GAUGE, *LAWS, *SPECTRA, *NETWORKS, *RULES)
