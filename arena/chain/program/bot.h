/* What the instructions share: their context, the checks of accounts, the arithmetic of money, and how each one ends.
 *
 * Every function that can refuse returns 0, or the error code to end with. */
#pragma once
#include "interface.h"

enum { STATUS_OPEN = 0, STATUS_SOLVED = 1 };
enum { EXPIRY_LAST_PLAYER = 0, EXPIRY_CREATOR = 1 };
enum { CLOSED_SOLVED = 0, CLOSED_EXPIRED = 1, CLOSED_IDLE = 2, CLOSED_UNPLAYED = 3, CLOSED_ABANDONED = 4 };

#define BOT_VERSION 1
#define BPS 10000ULL
#define DAY 86400LL
#define GRACE (7 * DAY)          /* after closes_at, before anyone may close */
#define MAX_LIFETIME (731 * DAY) /* two years, so that no bot can be out of everybody's reach for longer */
#define MAX_ACCOUNTS 8

#define TRY(call)               \
  do {                          \
    u64 error_ = (call);        \
    if (error_) return error_;  \
  } while (0)
#define REQUIRE(condition, code)    \
  do {                              \
    if (!(condition)) return code;  \
  } while (0)

typedef struct {
  AccountInfo accounts[MAX_ACCOUNTS];
  u64 count;
  const u8 *data; /* on a multiple of eight */
  u64 data_len;
  Pubkey program_id;
} Context;

/* ---- money ---- */

static inline u64 add(u64 *to, u64 amount) {
  REQUIRE(amount <= U64_MAX - *to, E_AMOUNT_OVERFLOW);
  *to += amount;
  return 0;
}

/* floor(amount * bps / 10000) without an intermediate result above `amount`; bps <= 10000. */
static inline u64 share(u64 amount, u64 bps) { return amount / BPS * bps + amount % BPS * bps / BPS; }

typedef struct {
  u64 pot;
  u64 creator;
  u64 platform;
} Shares;

/* Into which books an amount goes, or out of which it comes: the roundings are the platform's. */
static inline Shares split(const Bot *bot, u64 amount) {
  Shares shares;
  shares.pot = share(amount, bot->pot_bps);
  shares.creator = share(amount, bot->creator_bps);
  shares.platform = amount - shares.pot - shares.creator;
  return shares;
}

/* The rent-exempt minimum of an account with `data_len` bytes of data.
 *
 * The threshold is a double: 2.0 for long, 1.0 where the cluster has folded it into the price of a byte. We have no
 * floating point; every power of two is exact, anything else is rounded up to the next one. */
static u64 rent_minimum(u64 data_len, u64 *minimum) {
  Rent rent;
  TRY(sol_get_rent_sysvar(&rent));
  u64 bytes = 128 + data_len;
  REQUIRE(bytes <= U32_MAX && rent.lamports_per_byte_year <= U32_MAX, E_AMOUNT_OVERFLOW);
  u64 lamports = bytes * rent.lamports_per_byte_year;
  u64 exponent = rent.exemption_threshold >> 52 & 0x7ff;
  if (rent.exemption_threshold << 12) exponent++;
  if (exponent >= 1023) {
    u64 shift = exponent - 1023;
    REQUIRE(shift < 64 && lamports <= U64_MAX >> shift, E_AMOUNT_OVERFLOW);
    lamports <<= shift;
  } else {
    u64 shift = 1023 - exponent;
    lamports = shift < 64 ? lamports >> shift : 0;
  }
  *minimum = lamports;
  return 0;
}

/* Whether the cluster lets the account keep what it would then hold: an account is rent-exempt or it is empty. Programs
 * are left out: older clusters do not let their balance change. */
static u64 can_hold(const AccountInfo *account, u64 amount, int *answer) {
  u64 minimum;
  TRY(rent_minimum(account->data_len, &minimum));
  u64 balance = *account->lamports;
  TRY(add(&balance, amount));
  *answer = !account->executable && balance >= minimum;
  return 0;
}

/* Moves lamports out of the bot, which needs no signature: the bot's account is ours. */
static u64 pay_out(const AccountInfo *bot, const AccountInfo *recipient, u64 amount) {
  REQUIRE(amount <= *bot->lamports, E_INSOLVENT);
  *bot->lamports -= amount;
  return add(recipient->lamports, amount);
}

/* The invariant: what is there covers the rent it was opened with and everything that the books owe. */
static u64 owed(const Bot *bot, u64 *sum) {
  *sum = bot->rent_reserve;
  TRY(add(sum, bot->pot));
  TRY(add(sum, bot->creator_due));
  TRY(add(sum, bot->platform_due));
  return add(sum, bot->unclaimed);
}

static u64 check_solvent(const Bot *bot, u64 lamports) {
  u64 sum;
  TRY(owed(bot, &sum));
  REQUIRE(lamports >= sum, E_INSOLVENT);
  /* Fees only ever add to an open pot, and a refund takes out no more than its fee put in. */
  REQUIRE(bot->status != STATUS_OPEN || bot->pot >= bot->initial_pot, E_INSOLVENT);
  return 0;
}

/* ---- checks ---- */

/* Exactly these accounts and these arguments: an instruction that carries anything else was not written by our client. */
static inline u64 expect(const Context *context, u64 accounts, u64 data_len) {
  REQUIRE(context->count >= accounts, E_ACCOUNTS_MISSING);
  REQUIRE(context->count == accounts, E_TOO_MANY_ACCOUNTS);
  REQUIRE(context->data_len == data_len, E_INSTRUCTION_MALFORMED);
  return 0;
}

static inline int is_wallet(const AccountInfo *account) {
  return same_key(account->owner, &SYSTEM_PROGRAM) && account->data_len == 0;
}

/* Somebody whom the bot pays: writable, and not the bot. All other duplicates are harmless, since duplicates share one
 * balance. */
static inline u64 check_recipient(const AccountInfo *recipient, const AccountInfo *bot) {
  REQUIRE(!same_key(recipient->key, bot->key), E_DUPLICATE_ACCOUNT);
  REQUIRE(recipient->is_writable, E_ACCOUNT_NOT_WRITABLE);
  return 0;
}

static const char SEED[] = "bot";
#define SEED_LEN 3

/* The keys of a bot that sign for the arena. A key that is both would make one theft enough. */
static u64 check_keys(const Pubkey *quote_key, const Pubkey *payout_key) {
  REQUIRE(!same_key(quote_key, &SYSTEM_PROGRAM), E_KEYS_INVALID);
  REQUIRE(!same_key(payout_key, &SYSTEM_PROGRAM), E_KEYS_INVALID);
  REQUIRE(!same_key(quote_key, payout_key), E_KEYS_INVALID);
  return 0;
}

/* The bot in an account: ours, whole, writable, and at the address that follows from its own seeds. */
static u64 load_bot(const Context *context, const AccountInfo *account, Bot **loaded) {
  if (!same_key(account->owner, &context->program_id)) {
    int gone = same_key(account->owner, &SYSTEM_PROGRAM) && *account->lamports == 0;
    return gone ? E_BOT_GONE : E_ACCOUNT_FOREIGN;
  }
  REQUIRE(account->data_len >= 8, E_DISCRIMINATOR_MISSING);
  Bot *bot = (Bot *)account->data;
  REQUIRE(bot->discriminator == ACCOUNT_BOT, E_DISCRIMINATOR_MISMATCH);
  REQUIRE(account->data_len == BOT_SIZE, E_ACCOUNT_MALFORMED);
  REQUIRE(bot->version == BOT_VERSION, E_VERSION_UNSUPPORTED);
  REQUIRE(account->is_writable, E_ACCOUNT_NOT_WRITABLE);
  const Slice seeds[4] = {{SEED, SEED_LEN}, {&bot->founding_key, 32}, {bot->bot_id, 16}, {&bot->bump, 1}};
  Pubkey derived;
  REQUIRE(sol_create_program_address(seeds, 4, &context->program_id, &derived) == 0, E_ADDRESS_NOT_DERIVED);
  REQUIRE(same_key(&derived, account->key), E_ADDRESS_NOT_DERIVED);
  *loaded = bot;
  return 0;
}

static u64 now(i64 *seconds) {
  Clock clock;
  TRY(sol_get_clock_sysvar(&clock));
  *seconds = clock.unix_timestamp;
  return 0;
}

/* ---- the system program ---- */

enum { SYSTEM_ASSIGN = 1, SYSTEM_TRANSFER = 2, SYSTEM_ALLOCATE = 8 };

/* The system program's instructions are a u32 and, right behind it, their arguments; the words are written shifted by
 * four bytes, so that they can be written whole. */
typedef struct {
  u32 padding;
  u32 kind;
  u64 words[4];
} SystemData;

static u64 invoke_system(Context *context, const AccountMeta *metas, const Slice *data, const SignerSeeds *signer) {
  Instruction instruction;
  instruction.program_id = &SYSTEM_PROGRAM;
  instruction.accounts = metas;
  instruction.accounts_len = metas[1].key ? 2 : 1;
  instruction.data = data->at;
  instruction.data_len = data->len;
  return sol_invoke_signed_c(&instruction, context->accounts, context->count, signer, signer != NULL);
}

/* A transfer that its payer has signed. The balance is looked at first: the system program's own error would look like
 * one of a hundred others. */
static u64 transfer(Context *context, const AccountInfo *from, const AccountInfo *to, u64 lamports) {
  REQUIRE(is_wallet(from), E_NOT_A_WALLET);
  REQUIRE(*from->lamports >= lamports, E_INSUFFICIENT_FUNDS);
  const AccountMeta metas[2] = {{from->key, 1, 1}, {to->key, 1, 0}};
  SystemData data;
  data.kind = SYSTEM_TRANSFER;
  data.words[0] = lamports;
  const Slice bytes = {&data.kind, 12};
  return invoke_system(context, metas, &bytes, NULL);
}

/* ---- the end of every instruction ---- */

/* Counts the event, fills in what all events have in common, checks the invariant, and prints the event. */
static u64 finish(Bot *bot, const AccountInfo *account, EventHead *head, u64 size) {
  TRY(add(&bot->event_seq, 1));
  copy_key(&head->bot, account->key);
  copy_key(&head->founding_key, &bot->founding_key);
  copy_words(head->bot_id, bot->bot_id, 2);
  head->pot = bot->pot;
  head->message_count = bot->message_count;
  head->event_seq = bot->event_seq;
  TRY(check_solvent(bot, *account->lamports));
  const Slice event = {head, size};
  sol_log_data(&event, 1);
  return 0;
}
