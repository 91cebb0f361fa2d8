"""The 1-bit gauge, its moments, and the quantiser."""
