"""What every search of a rotation shares: its result, its chunks, polar factors, lifts."""
