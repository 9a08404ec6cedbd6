/* rotate_keys: the admin replaces the keys that sign for the arena. The bot's address keeps its founding key. */
#include "bot.h"

static u64 rotate_keys(Context *context) {
  LOG("Instruction: RotateKeys");
  TRY(expect(context, ROTATE_KEYS__ACCOUNTS, ROTATEKEYSARGS_SIZE));
  const RotateKeysArgs *args = (const RotateKeysArgs *)context->data;
  const AccountInfo *admin = &context->accounts[ROTATE_KEYS__ADMIN];
  const AccountInfo *account = &context->accounts[ROTATE_KEYS__BOT];

  REQUIRE(admin->is_signer, E_SIGNATURE_MISSING);
  Bot *bot;
  TRY(load_bot(context, account, &bot));
  REQUIRE(same_key(admin->key, &bot->admin), E_ACCOUNT_UNRELATED);
  TRY(check_keys(&args->quote_key, &args->payout_key));
  copy_key(&bot->quote_key, &args->quote_key);
  copy_key(&bot->payout_key, &args->payout_key);

  KeysRotatedEvent event;
  event.head.discriminator = EVENT_KEYSROTATED;
  copy_key(&event.quote_key, &args->quote_key);
  copy_key(&event.payout_key, &args->payout_key);
  return finish(bot, account, &event.head, KEYSROTATEDEVENT_SIZE);
}
