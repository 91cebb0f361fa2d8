"""A verdict told to people: messages of cells, the postmortem, and one cell explained."""
