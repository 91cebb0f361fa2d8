"""The type of every JSON artefact, one file each: what a reader accepts and what its schema says are the same."""
