"""What HTTP and websockets share: who is asking, how bytes travel in JSON, and how failures are told."""
