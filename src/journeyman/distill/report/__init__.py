"""What a training run looked like: its story from the log, and the page that shows it."""
