/* close_bot: everything that the bot holds goes to whom it belongs, and the account is gone. */
#include "bot.h"

/* Messages whose fee was kept. A bot where every fee was paid back counts as never played. */
static inline u64 kept_messages(const Bot *bot) { return bot->message_count - bot->refund_count; }

static inline int is_idle(const Bot *bot, i64 time) {
  return bot->idle_after != 0 && bot->message_count >= bot->idle_min_messages &&
         time >= bot->last_message_at + (i64)bot->idle_after;
}

/* Who, beside creator and platform, has a claim to the pot. */
static inline const Pubkey *heir_of(const Bot *bot) {
  if (bot->status == STATUS_SOLVED) return &bot->winner;
  return bot->message_count ? &bot->last_player : &bot->creator;
}

/* What of the pot is the heir's; the rest is the creator's. */
static inline u64 inheritance(const Bot *bot) {
  if (bot->status == STATUS_SOLVED) return bot->pot;
  if (kept_messages(bot) == 0) return 0;
  return bot->expiry_rule == EXPIRY_LAST_PLAYER ? bot->pot : bot->pot - bot->initial_pot;
}

/* Why the bot may be closed now, and by this signer. */
static u64 closing_reason(const Bot *bot, const AccountInfo *closer, const AccountInfo *creator, i64 time, u8 *reason) {
  if (!same_key(closer->key, &bot->payout_key)) {
    REQUIRE(time >= bot->closes_at + GRACE, E_GRACE_NOT_OVER);
    *reason = CLOSED_ABANDONED;
  } else if (bot->status == STATUS_SOLVED) {
    *reason = CLOSED_SOLVED;
  } else if (time >= bot->closes_at) {
    *reason = CLOSED_EXPIRED;
  } else if (is_idle(bot, time)) {
    *reason = CLOSED_IDLE;
  } else {
    REQUIRE(kept_messages(bot) == 0, E_CLOSE_NOT_ALLOWED);
    REQUIRE(creator->is_signer, E_CREATOR_SIGNATURE_MISSING);
    *reason = CLOSED_UNPLAYED;
  }
  return 0;
}

/* What a recipient cannot hold falls to the creator, who is paid at least the rent and so can hold it. */
static u64 drop_if_undeliverable(const AccountInfo *recipient, const AccountInfo *creator, u64 *amount, u64 *forfeited) {
  if (*amount == 0 || same_key(recipient->key, creator->key)) return 0;
  int deliverable;
  TRY(can_hold(recipient, *amount, &deliverable));
  if (!deliverable) {
    TRY(add(forfeited, *amount));
    *amount = 0;
  }
  return 0;
}

static u64 close_bot(Context *context) {
  LOG("Instruction: CloseBot");
  TRY(expect(context, CLOSE_BOT__ACCOUNTS, CLOSEBOTARGS_SIZE));
  const CloseBotArgs *args = (const CloseBotArgs *)context->data;
  const AccountInfo *closer = &context->accounts[CLOSE_BOT__CLOSER];
  const AccountInfo *account = &context->accounts[CLOSE_BOT__BOT];
  const AccountInfo *creator = &context->accounts[CLOSE_BOT__CREATOR];
  const AccountInfo *platform = &context->accounts[CLOSE_BOT__PLATFORM];
  const AccountInfo *heir = &context->accounts[CLOSE_BOT__HEIR];

  REQUIRE(closer->is_signer, E_SIGNATURE_MISSING);
  Bot *bot;
  TRY(load_bot(context, account, &bot));
  TRY(check_recipient(creator, account));
  TRY(check_recipient(platform, account));
  TRY(check_recipient(heir, account));
  REQUIRE(same_key(creator->key, &bot->creator), E_ACCOUNT_UNRELATED);
  REQUIRE(same_key(platform->key, &bot->platform), E_ACCOUNT_UNRELATED);
  REQUIRE(same_key(heir->key, heir_of(bot)), E_ACCOUNT_UNRELATED);
  REQUIRE(args->expected_message_count == bot->message_count, E_UNEXPECTED_MESSAGE_COUNT);

  i64 time;
  TRY(now(&time));
  BotClosedEvent event;
  event.head.discriminator = EVENT_BOTCLOSED;
  TRY(closing_reason(bot, closer, creator, time, &event.reason));
  /* While the arena is alive it has to do its duty first; when the grace is over, nothing may hold up the rest. */
  int grace_over = time >= bot->closes_at + GRACE;
  REQUIRE(bot->status == STATUS_OPEN || bot->pot == 0 || grace_over, E_REFUNDS_OUTSTANDING);

  u64 lamports = *account->lamports, sum;
  TRY(check_solvent(bot, lamports));
  TRY(owed(bot, &sum));
  event.to_heir = inheritance(bot);
  event.to_platform = bot->platform_due;
  event.creator_due = bot->creator_due;
  event.pot_to_creator = bot->pot - event.to_heir;
  event.unclaimed = bot->unclaimed;
  event.rent_reserve = bot->rent_reserve;
  event.surplus = lamports - sum;
  event.forfeited = 0;
  TRY(drop_if_undeliverable(platform, creator, &event.to_platform, &event.forfeited));
  REQUIRE(event.forfeited == 0 || grace_over, E_PLATFORM_CANNOT_RECEIVE);
  TRY(drop_if_undeliverable(heir, creator, &event.to_heir, &event.forfeited));
  TRY(pay_out(account, heir, event.to_heir));
  TRY(pay_out(account, platform, event.to_platform));
  event.to_creator = *account->lamports;
  copy_key(&event.closer, closer->key);
  copy_key(&event.heir, heir->key);

  bot->pot = 0;
  bot->creator_due = 0;
  bot->platform_due = 0;
  bot->unclaimed = 0;
  bot->status = STATUS_SOLVED; /* an open bot has a pot */
  TRY(finish(bot, account, &event.head, BOTCLOSEDEVENT_SIZE));

  TRY(pay_out(account, creator, event.to_creator));
  sol_memset_(account->data, 0, account->data_len);
  ((u64 *)account->data)[-1] = 0; /* the length: nothing is left of the account's data */
  copy_key((Pubkey *)account->owner, &SYSTEM_PROGRAM);
  return 0;
}
