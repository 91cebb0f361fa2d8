"""What everything else may use: faults and their exit codes, text for people, files, canonical and strict JSON."""
