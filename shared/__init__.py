"""What every Helphood service stands on; it holds no service's rules."""
