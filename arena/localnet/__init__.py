"""The local chain: a real Solana VM behind Solana's JSON-RPC and pubsub."""
