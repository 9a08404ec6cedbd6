"""Random trees of actors under random schedules, and what must hold whatever happens.

`plan` says what can be thrown at the runtime, `generate` makes a plan of a seed, `run` carries it out with the
`performer` as every actor and writes a `trace`, and `checks/` reads from that what went wrong.
``python -m tests.actors.simulation`` runs as many as one likes, or replays one.
"""
