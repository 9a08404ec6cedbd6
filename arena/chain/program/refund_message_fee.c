/* refund_message_fee: a message that could not be judged is paid back, once, out of the books its fee went into. */
#include "bot.h"

static u64 refund_message_fee(Context *context) {
  LOG("Instruction: RefundMessageFee");
  TRY(expect(context, REFUND_MESSAGE_FEE__ACCOUNTS, REFUNDMESSAGEFEEARGS_SIZE));
  const RefundMessageFeeArgs *args = (const RefundMessageFeeArgs *)context->data;
  const AccountInfo *payout_key = &context->accounts[REFUND_MESSAGE_FEE__PAYOUT_KEY];
  const AccountInfo *account = &context->accounts[REFUND_MESSAGE_FEE__BOT];
  const AccountInfo *player = &context->accounts[REFUND_MESSAGE_FEE__PLAYER];

  REQUIRE(payout_key->is_signer, E_SIGNATURE_MISSING);
  Bot *bot;
  TRY(load_bot(context, account, &bot));
  REQUIRE(same_key(payout_key->key, &bot->payout_key), E_ACCOUNT_UNRELATED);
  TRY(check_recipient(player, account));

  REQUIRE(args->message_index >= 1 && args->message_index <= bot->message_count, E_MESSAGE_INDEX_OUT_OF_RANGE);
  REQUIRE(args->message_index > bot->refund_cursor, E_ALREADY_REFUNDED);
  REQUIRE(args->amount >= bot->fee_base && args->amount <= bot->fee_cap, E_FEE_OUT_OF_RANGE);
  Shares shares = split(bot, args->amount);
  /* The initial pot is nobody's fee. Once solved it is paid out, and the pot holds shares of later fees only. */
  u64 untouchable = bot->status == STATUS_OPEN ? bot->initial_pot : 0;
  REQUIRE(bot->pot >= untouchable && bot->pot - untouchable >= shares.pot, E_REFUND_EXCEEDS_BOOKS);
  REQUIRE(bot->creator_due >= shares.creator, E_REFUND_EXCEEDS_BOOKS);
  REQUIRE(bot->platform_due >= shares.platform, E_REFUND_EXCEEDS_BOOKS);
  bot->pot -= shares.pot;
  bot->creator_due -= shares.creator;
  bot->platform_due -= shares.platform;
  bot->refund_cursor = args->message_index;
  TRY(add(&bot->refund_count, 1));

  int deliverable;
  TRY(can_hold(player, args->amount, &deliverable));
  if (deliverable) {
    TRY(pay_out(account, player, args->amount));
  } else {
    /* The cluster would fail the transaction, and one broken wallet would hold up everybody behind it. */
    TRY(add(&bot->unclaimed, args->amount));
  }

  MessageFeeRefundedEvent event;
  event.head.discriminator = EVENT_MESSAGEFEEREFUNDED;
  copy_key(&event.player, player->key);
  event.message_index = args->message_index;
  event.amount = args->amount;
  event.pot_share = shares.pot;
  event.creator_share = shares.creator;
  event.platform_share = shares.platform;
  event.delivered = deliverable != 0;
  return finish(bot, account, &event.head, MESSAGEFEEREFUNDEDEVENT_SIZE);
}
