/* record_message_fee: a player pays for one message, and gives it its place in the order of messages. */
#include "bot.h"

static u64 record_message_fee(Context *context) {
  LOG("Instruction: RecordMessageFee");
  TRY(expect(context, RECORD_MESSAGE_FEE__ACCOUNTS, RECORDMESSAGEFEEARGS_SIZE));
  const RecordMessageFeeArgs *args = (const RecordMessageFeeArgs *)context->data;
  const AccountInfo *player = &context->accounts[RECORD_MESSAGE_FEE__PLAYER];
  const AccountInfo *quote_key = &context->accounts[RECORD_MESSAGE_FEE__QUOTE_KEY];
  const AccountInfo *account = &context->accounts[RECORD_MESSAGE_FEE__BOT];

  REQUIRE(player->is_signer && quote_key->is_signer, E_SIGNATURE_MISSING);
  REQUIRE(player->is_writable, E_ACCOUNT_NOT_WRITABLE);
  REQUIRE(same_key(context->accounts[RECORD_MESSAGE_FEE__SYSTEM_PROGRAM].key, &SYSTEM_PROGRAM),
          E_NOT_THE_SYSTEM_PROGRAM);
  Bot *bot;
  TRY(load_bot(context, account, &bot));
  REQUIRE(same_key(quote_key->key, &bot->quote_key), E_ACCOUNT_UNRELATED);
  REQUIRE(!same_key(player->key, account->key), E_DUPLICATE_ACCOUNT);

  i64 time;
  TRY(now(&time));
  REQUIRE(bot->status == STATUS_OPEN, E_BOT_NOT_OPEN);
  REQUIRE(time < bot->closes_at, E_BOT_EXPIRED);
  REQUIRE(time < args->valid_until, E_QUOTE_EXPIRED);
  REQUIRE(args->amount >= bot->fee_base && args->amount <= bot->fee_cap, E_FEE_OUT_OF_RANGE);
  TRY(transfer(context, player, account, args->amount));

  Shares shares = split(bot, args->amount);
  TRY(add(&bot->pot, shares.pot));
  TRY(add(&bot->creator_due, shares.creator));
  TRY(add(&bot->platform_due, shares.platform));
  TRY(add(&bot->message_count, 1));
  copy_key(&bot->last_player, player->key);
  bot->last_message_at = time;

  MessageFeeRecordedEvent event;
  event.head.discriminator = EVENT_MESSAGEFEERECORDED;
  copy_words(event.message_id, args->message_id, 2);
  copy_words(event.content_hash, args->content_hash, 4);
  copy_key(&event.player, player->key);
  event.message_index = bot->message_count;
  event.amount = args->amount;
  event.pot_share = shares.pot;
  event.creator_share = shares.creator;
  event.platform_share = shares.platform;
  event.recorded_at = time;
  return finish(bot, account, &event.head, MESSAGEFEERECORDEDEVENT_SIZE);
}
