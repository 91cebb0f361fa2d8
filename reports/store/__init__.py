"""What was measured, once and atomically, and of which tensors."""
