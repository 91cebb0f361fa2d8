"""How sure a number over layers is: shares by a hierarchical model, means by Student's t. Pure, torch-free."""
