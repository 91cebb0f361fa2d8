"""What learns a rotation, and the lifts that it reaches."""
