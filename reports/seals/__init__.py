"""The seal of a rule, the public ledger of seals, and what git and others can check of both."""
