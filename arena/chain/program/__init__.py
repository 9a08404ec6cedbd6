"""The on-chain program: its C source, the tools that build it, and what they built.

Run `python -m arena.chain.program.build` to rebuild, with `--check` to prove that the committed build is the
one the source gives. What the program does is told in `docs/program.md`.
"""
