/* create_bot: the creator opens a bot, pays its rent and its initial pot, and the terms are fixed for good. */
#include "bot.h"

static u64 check_terms(const CreateBotArgs *args, i64 time) {
  u64 wallet_minimum;
  TRY(rent_minimum(0, &wallet_minimum));
  /* No single payout may be too small for an empty wallet to receive. */
  REQUIRE(args->fee_base >= wallet_minimum && args->fee_base <= args->fee_cap, E_FEE_TERMS_INVALID);
  REQUIRE(args->fee_growth_bps <= BPS, E_FEE_TERMS_INVALID);
  REQUIRE((u64)args->pot_bps + args->creator_bps <= BPS, E_SPLIT_INVALID);
  REQUIRE(args->initial_pot >= wallet_minimum, E_INITIAL_POT_TOO_SMALL);
  REQUIRE(args->closes_at > time && args->closes_at <= time + MAX_LIFETIME, E_CLOSES_AT_INVALID);
  REQUIRE(args->expiry_rule == EXPIRY_LAST_PLAYER || args->expiry_rule == EXPIRY_CREATOR, E_EXPIRY_RULE_INVALID);
  return 0;
}

/* Makes the address an account of ours. Transfer, allocate and assign, and not the system program's create_account:
 * that one refuses an address to which somebody has sent lamports before, which would let anyone block a bot. What was
 * sent counts towards the rent; the initial pot is always paid in full. */
static u64 open_account(Context *context, const AccountInfo *creator, AccountInfo *account, u64 rent,
                        const CreateBotArgs *args) {
  const u8 *bot_id = args->bot_id;
  const Pubkey *founding_key = context->accounts[CREATE_BOT__QUOTE_KEY].key;
  u8 bump = 0;
  Pubkey derived;
  const Slice seeds[4] = {{SEED, SEED_LEN}, {founding_key, 32}, {bot_id, 16}, {&bump, 1}};
  REQUIRE(sol_try_find_program_address(seeds, 3, &context->program_id, &derived, &bump) == 0, E_ADDRESS_NOT_DERIVED);
  REQUIRE(same_key(&derived, account->key), E_ADDRESS_NOT_DERIVED);
  REQUIRE(is_wallet(account), E_BOT_EXISTS);

  u64 lamports = *account->lamports < rent ? rent - *account->lamports : 0;
  TRY(add(&lamports, args->initial_pot));
  TRY(transfer(context, creator, account, lamports));

  const SignerSeeds signer = {seeds, 4};
  const AccountMeta metas[2] = {{account->key, 1, 1}, {NULL, 0, 0}};
  SystemData data;
  data.kind = SYSTEM_ALLOCATE;
  data.words[0] = BOT_SIZE;
  const Slice allocate = {&data.kind, 12};
  TRY(invoke_system(context, metas, &allocate, &signer));
  /* The runtime takes a length that differs from its own for a wish to resize. */
  account->data_len = ((const u64 *)account->data)[-1];

  data.kind = SYSTEM_ASSIGN;
  copy_words(data.words, &context->program_id, 4);
  const Slice assign = {&data.kind, 36};
  TRY(invoke_system(context, metas, &assign, &signer));

  REQUIRE(account->data_len == BOT_SIZE, E_ACCOUNT_MALFORMED);
  ((Bot *)account->data)->bump = bump;
  return 0;
}

static __attribute__((noinline)) u64 announce_bot(Bot *bot, const AccountInfo *account) {
  BotCreatedEvent event;
  event.head.discriminator = EVENT_BOTCREATED;
  copy_key(&event.creator, &bot->creator);
  copy_key(&event.quote_key, &bot->quote_key);
  copy_key(&event.payout_key, &bot->payout_key);
  copy_key(&event.admin, &bot->admin);
  copy_key(&event.platform, &bot->platform);
  copy_words(event.objective_hash, bot->objective_hash, 4);
  event.fee_base = bot->fee_base;
  event.fee_cap = bot->fee_cap;
  event.initial_pot = bot->initial_pot;
  event.rent_reserve = bot->rent_reserve;
  event.created_at = bot->created_at;
  event.closes_at = bot->closes_at;
  event.idle_min_messages = bot->idle_min_messages;
  event.fee_growth_bps = bot->fee_growth_bps;
  event.idle_after = bot->idle_after;
  event.pot_bps = bot->pot_bps;
  event.creator_bps = bot->creator_bps;
  event.expiry_rule = bot->expiry_rule;
  return finish(bot, account, &event.head, BOTCREATEDEVENT_SIZE);
}

static u64 create_bot(Context *context) {
  LOG("Instruction: CreateBot");
  TRY(expect(context, CREATE_BOT__ACCOUNTS, CREATEBOTARGS_SIZE));
  const CreateBotArgs *args = (const CreateBotArgs *)context->data;
  const AccountInfo *creator = &context->accounts[CREATE_BOT__CREATOR];
  const AccountInfo *quote_key = &context->accounts[CREATE_BOT__QUOTE_KEY];
  const AccountInfo *payout_key = &context->accounts[CREATE_BOT__PAYOUT_KEY];
  const AccountInfo *admin = &context->accounts[CREATE_BOT__ADMIN];
  const AccountInfo *platform = &context->accounts[CREATE_BOT__PLATFORM];
  AccountInfo *account = &context->accounts[CREATE_BOT__BOT];

  REQUIRE(creator->is_signer && quote_key->is_signer, E_SIGNATURE_MISSING);
  REQUIRE(creator->is_writable && account->is_writable, E_ACCOUNT_NOT_WRITABLE);
  REQUIRE(same_key(context->accounts[CREATE_BOT__SYSTEM_PROGRAM].key, &SYSTEM_PROGRAM), E_NOT_THE_SYSTEM_PROGRAM);
  TRY(check_keys(quote_key->key, payout_key->key));
  REQUIRE(!same_key(admin->key, &SYSTEM_PROGRAM), E_KEYS_INVALID);
  /* The runtime never lets a sysvar or a program be written to; with a platform at such an address no bot could be
   * closed. A wallet can always be paid. */
  REQUIRE(platform->is_writable && is_wallet(platform), E_PLATFORM_INVALID);
  REQUIRE(!same_key(platform->key, account->key), E_DUPLICATE_ACCOUNT);

  i64 time;
  u64 rent;
  TRY(now(&time));
  TRY(check_terms(args, time));
  TRY(rent_minimum(BOT_SIZE, &rent));
  TRY(open_account(context, creator, account, rent, args));

  Bot *bot = (Bot *)account->data; /* all zero but for the bump */
  bot->discriminator = ACCOUNT_BOT;
  bot->version = BOT_VERSION;
  bot->status = STATUS_OPEN;
  bot->expiry_rule = args->expiry_rule;
  bot->pot_bps = args->pot_bps;
  bot->creator_bps = args->creator_bps;
  bot->fee_growth_bps = args->fee_growth_bps;
  bot->idle_after = args->idle_after;
  copy_words(bot->bot_id, args->bot_id, 2);
  copy_key(&bot->creator, creator->key);
  copy_key(&bot->founding_key, quote_key->key);
  copy_key(&bot->quote_key, quote_key->key);
  copy_key(&bot->payout_key, payout_key->key);
  copy_key(&bot->admin, admin->key);
  copy_key(&bot->platform, platform->key);
  copy_words(bot->objective_hash, args->objective_hash, 4);
  bot->fee_base = args->fee_base;
  bot->fee_cap = args->fee_cap;
  bot->initial_pot = args->initial_pot;
  bot->rent_reserve = rent;
  bot->pot = args->initial_pot;
  bot->created_at = time;
  bot->closes_at = args->closes_at;
  bot->last_message_at = time; /* the idle clock of a bot that nobody plays starts here */
  bot->idle_min_messages = args->idle_min_messages;
  return announce_bot(bot, account);
}
