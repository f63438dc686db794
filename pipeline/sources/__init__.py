"""Where pictures and reads come from: files, pipes, and the producer that sends them as a camera does."""
