"""`report.html` and its figures, from a decision, its document and the measurements: nothing is measured here."""

from reports.pages.report.write import write_report as write_report
