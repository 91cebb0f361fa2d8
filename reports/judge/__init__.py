"""The verdict: a pure function of preregistration and measurements, and the document that states it."""
