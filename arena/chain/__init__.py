"""The on-chain program, its typed client, feed and submitter."""
