/* settle_reward: the winner is paid, and the bot takes no more messages. */
#include "bot.h"

static u64 settle_reward(Context *context) {
  LOG("Instruction: SettleReward");
  TRY(expect(context, SETTLE_REWARD__ACCOUNTS, SETTLEREWARDARGS_SIZE));
  const SettleRewardArgs *args = (const SettleRewardArgs *)context->data;
  const AccountInfo *payout_key = &context->accounts[SETTLE_REWARD__PAYOUT_KEY];
  const AccountInfo *account = &context->accounts[SETTLE_REWARD__BOT];
  const AccountInfo *winner = &context->accounts[SETTLE_REWARD__WINNER];

  REQUIRE(payout_key->is_signer, E_SIGNATURE_MISSING);
  Bot *bot;
  TRY(load_bot(context, account, &bot));
  REQUIRE(same_key(payout_key->key, &bot->payout_key), E_ACCOUNT_UNRELATED);
  TRY(check_recipient(winner, account));

  REQUIRE(bot->status == STATUS_OPEN, E_BOT_NOT_OPEN);
  REQUIRE(args->message_index >= 1 && args->message_index <= bot->message_count, E_MESSAGE_INDEX_OUT_OF_RANGE);
  /* The cursor stands at a message exactly when that one was refunded. */
  REQUIRE(args->message_index != bot->refund_cursor, E_WINNER_REFUNDED);
  REQUIRE(args->reward >= bot->initial_pot && args->reward <= bot->pot, E_REWARD_OUT_OF_RANGE);
  int deliverable;
  TRY(can_hold(winner, args->reward, &deliverable));
  REQUIRE(deliverable, E_REWARD_UNDELIVERABLE);

  bot->status = STATUS_SOLVED;
  bot->pot -= args->reward;
  copy_key(&bot->winner, winner->key);
  /* The reward is made of everything up to the winning message: none of it can be refunded any more. */
  if (bot->refund_cursor < args->message_index) bot->refund_cursor = args->message_index;
  TRY(pay_out(account, winner, args->reward));

  RewardSettledEvent event;
  event.head.discriminator = EVENT_REWARDSETTLED;
  copy_key(&event.winner, winner->key);
  event.message_index = args->message_index;
  event.reward = args->reward;
  copy_words(event.proof, args->proof, 4);
  return finish(bot, account, &event.head, REWARDSETTLEDEVENT_SIZE);
}
