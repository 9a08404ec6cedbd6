"""Arena: chat with puzzle bots, pay on Solana, win the pot."""
