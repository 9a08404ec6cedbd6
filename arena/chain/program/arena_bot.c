/* The program's entry: takes the input apart and calls the instruction that it names.
 *
 * One translation unit, so that there is one object to link. */
#include "bot.h"

#include "create_bot.c"
#include "record_message_fee.c"
#include "settle_reward.c"
#include "refund_message_fee.c"
#include "close_bot.c"
#include "rotate_keys.c"

#define DATA_GROWTH 10240 /* what the runtime leaves free behind every account's data */
#define NO_DUPLICATE 0xff

/* The aligned input format: a count, the accounts, the instruction's data, the program's id. An account that was passed
 * before is only the place of its first occurrence. */
static u64 read_input(const u8 *input, Context *context) {
  u64 count = *(const u64 *)input;
  input += 8;
  REQUIRE(count <= MAX_ACCOUNTS, E_TOO_MANY_ACCOUNTS);
  context->count = count;
  for (u64 i = 0; i < count; i++) {
    AccountInfo *account = &context->accounts[i];
    if (input[0] != NO_DUPLICATE) {
      u64 first = input[0];
      REQUIRE(first < i, E_ACCOUNTS_MISSING);
      copy_words(account, &context->accounts[first], sizeof(AccountInfo) / 8);
      input += 8;
      continue;
    }
    account->is_signer = input[1];
    account->is_writable = input[2];
    account->executable = input[3];
    account->key = (const Pubkey *)(input + 8);
    account->owner = (const Pubkey *)(input + 40);
    account->lamports = (u64 *)(input + 72);
    account->data_len = *(const u64 *)(input + 80);
    account->data = (u8 *)(input + 88);
    input += 88 + account->data_len + DATA_GROWTH;
    input = (const u8 *)(((u64)input + 7) & ~7ULL);
    account->rent_epoch = *(const u64 *)input;
    input += 8;
  }
  context->data_len = *(const u64 *)input;
  context->data = input + 8;
  /* Behind data of any length, so on no particular multiple. */
  for (u64 i = 0; i < sizeof(Pubkey); i++) context->program_id.bytes[i] = context->data[context->data_len + i];
  return 0;
}

u64 entrypoint(const u8 *input) {
  Context context;
  TRY(read_input(input, &context));
  REQUIRE(context.data_len >= 8, E_INSTRUCTION_UNKNOWN);
  switch (*(const u64 *)context.data) {
    case IX_RECORD_MESSAGE_FEE:
      return record_message_fee(&context);
    case IX_CREATE_BOT:
      return create_bot(&context);
    case IX_SETTLE_REWARD:
      return settle_reward(&context);
    case IX_REFUND_MESSAGE_FEE:
      return refund_message_fee(&context);
    case IX_CLOSE_BOT:
      return close_bot(&context);
    case IX_ROTATE_KEYS:
      return rotate_keys(&context);
    default:
      return E_INSTRUCTION_UNKNOWN;
  }
}
