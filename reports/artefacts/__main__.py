"""`python -m reports.artefacts`: writes reports/schemas/ anew, after a type was changed."""

from reports.artefacts.schemas import schemas

for path, text in schemas().items():
    path.write_text(text, encoding="utf8")
