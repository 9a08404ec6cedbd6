"""What `arena play` is made of."""
