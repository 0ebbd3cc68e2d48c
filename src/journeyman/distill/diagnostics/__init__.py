"""What the loss pass can tell about a pair beside the loss, and probes that cost a pass of their own."""
