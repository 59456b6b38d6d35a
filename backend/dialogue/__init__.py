"""What the desk does in a turn, by verb: answer, diagnose, operate, hand over, and talk around them."""
