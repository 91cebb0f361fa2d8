"""How few bits hold weights exactly: what a code of their exponents saves, and a real one."""
