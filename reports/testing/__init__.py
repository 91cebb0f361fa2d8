"""What tests share, and the tests of the repository as a whole."""
