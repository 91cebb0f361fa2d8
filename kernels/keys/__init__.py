"""Keys as they are cached: RoPE, the freedom that attention leaves them, one bit of each coordinate, and a null."""
