"""Preregistration, seal, store, decision, rendering. Nothing imports torch: a verdict can be re-judged on a laptop."""
