"""What the run checked of every theorem that the rules rest on."""
