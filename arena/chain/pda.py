"""Where a bot lives."""

from uuid import UUID

from solders.pubkey import Pubkey

SEED = b"bot"


def bot_address(program_id: Pubkey, founding_key: Pubkey, bot_id: UUID) -> Pubkey:
    """The address of a bot's account: derived from the quote key that signed its creation, and its id.

    It stays the same when the quote key is rotated.
    """
    return Pubkey.find_program_address([SEED, bytes(founding_key), bot_id.bytes], program_id)[0]
