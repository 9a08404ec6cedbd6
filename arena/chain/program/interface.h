/* Generated from interface.py by build.py. Do not edit. */
#pragma once
#include "sol.h"

#define ACCOUNT_BOT 0x34c38af3f103887aULL

#define IX_CREATE_BOT 0x262f6f4139fc0075ULL
#define IX_RECORD_MESSAGE_FEE 0x8db298826b39dd21ULL
#define IX_SETTLE_REWARD 0xfb4665d531914fc7ULL
#define IX_REFUND_MESSAGE_FEE 0x0a804f30daed728eULL
#define IX_CLOSE_BOT 0xd123336bdb4b9cb9ULL
#define IX_ROTATE_KEYS 0x32bd8d978b06c1f8ULL

#define EVENT_BOTCREATED 0xcac4c38cbc008facULL
#define EVENT_MESSAGEFEERECORDED 0xabd442fa5497a8d0ULL
#define EVENT_REWARDSETTLED 0xa9d1788e57dd2f15ULL
#define EVENT_MESSAGEFEEREFUNDED 0xe3c4058118455389ULL
#define EVENT_BOTCLOSED 0x8494ec2386f8ece5ULL
#define EVENT_KEYSROTATED 0x34b65fd39edfb84aULL

enum {
  E_INSTRUCTION_UNKNOWN = 101,
  E_INSTRUCTION_MALFORMED = 102,
  E_ACCOUNT_NOT_WRITABLE = 2000,
  E_ACCOUNT_UNRELATED = 2001,
  E_ADDRESS_NOT_DERIVED = 2006,
  E_DISCRIMINATOR_MISSING = 3001,
  E_DISCRIMINATOR_MISMATCH = 3002,
  E_ACCOUNT_MALFORMED = 3003,
  E_ACCOUNTS_MISSING = 3005,
  E_ACCOUNT_FOREIGN = 3007,
  E_NOT_THE_SYSTEM_PROGRAM = 3008,
  E_SIGNATURE_MISSING = 3010,
  E_NOT_A_WALLET = 3011,
  E_BOT_GONE = 3012,
  E_BOT_NOT_OPEN = 6000,
  E_BOT_EXPIRED = 6001,
  E_QUOTE_EXPIRED = 6002,
  E_FEE_OUT_OF_RANGE = 6003,
  E_INSUFFICIENT_FUNDS = 6004,
  E_FEE_TERMS_INVALID = 6005,
  E_SPLIT_INVALID = 6006,
  E_INITIAL_POT_TOO_SMALL = 6007,
  E_CLOSES_AT_INVALID = 6008,
  E_EXPIRY_RULE_INVALID = 6009,
  E_KEYS_INVALID = 6010,
  E_PLATFORM_INVALID = 6011,
  E_BOT_EXISTS = 6012,
  E_MESSAGE_INDEX_OUT_OF_RANGE = 6013,
  E_ALREADY_REFUNDED = 6014,
  E_REFUND_EXCEEDS_BOOKS = 6015,
  E_REWARD_OUT_OF_RANGE = 6016,
  E_WINNER_REFUNDED = 6017,
  E_REWARD_UNDELIVERABLE = 6018,
  E_UNEXPECTED_MESSAGE_COUNT = 6019,
  E_CLOSE_NOT_ALLOWED = 6020,
  E_CREATOR_SIGNATURE_MISSING = 6021,
  E_GRACE_NOT_OVER = 6022,
  E_REFUNDS_OUTSTANDING = 6023,
  E_PLATFORM_CANNOT_RECEIVE = 6024,
  E_DUPLICATE_ACCOUNT = 6025,
  E_TOO_MANY_ACCOUNTS = 6026,
  E_VERSION_UNSUPPORTED = 6027,
  E_AMOUNT_OVERFLOW = 6028,
  E_INSOLVENT = 6029,
};

typedef struct { /* 520 bytes */
  u64 discriminator;
  u8 version;
  u8 status;
  u8 bump;
  u8 expiry_rule;
  u16 pot_bps;
  u16 creator_bps;
  u32 fee_growth_bps;
  u32 idle_after;
  u8 bot_id[16];
  Pubkey creator;
  Pubkey founding_key;
  Pubkey quote_key;
  Pubkey payout_key;
  Pubkey admin;
  Pubkey platform;
  u8 objective_hash[32];
  Pubkey last_player;
  Pubkey winner;
  u64 fee_base;
  u64 fee_cap;
  u64 initial_pot;
  u64 rent_reserve;
  u64 pot;
  u64 creator_due;
  u64 platform_due;
  u64 unclaimed;
  u64 message_count;
  u64 refund_cursor;
  u64 refund_count;
  u64 event_seq;
  i64 created_at;
  i64 closes_at;
  i64 last_message_at;
  u64 idle_min_messages;
  u8 reserved[64];
} Bot;
#define BOT_SIZE 520
_Static_assert(__builtin_offsetof(Bot, version) == 8, "Bot.version");
_Static_assert(__builtin_offsetof(Bot, status) == 9, "Bot.status");
_Static_assert(__builtin_offsetof(Bot, bump) == 10, "Bot.bump");
_Static_assert(__builtin_offsetof(Bot, expiry_rule) == 11, "Bot.expiry_rule");
_Static_assert(__builtin_offsetof(Bot, pot_bps) == 12, "Bot.pot_bps");
_Static_assert(__builtin_offsetof(Bot, creator_bps) == 14, "Bot.creator_bps");
_Static_assert(__builtin_offsetof(Bot, fee_growth_bps) == 16, "Bot.fee_growth_bps");
_Static_assert(__builtin_offsetof(Bot, idle_after) == 20, "Bot.idle_after");
_Static_assert(__builtin_offsetof(Bot, bot_id) == 24, "Bot.bot_id");
_Static_assert(__builtin_offsetof(Bot, creator) == 40, "Bot.creator");
_Static_assert(__builtin_offsetof(Bot, founding_key) == 72, "Bot.founding_key");
_Static_assert(__builtin_offsetof(Bot, quote_key) == 104, "Bot.quote_key");
_Static_assert(__builtin_offsetof(Bot, payout_key) == 136, "Bot.payout_key");
_Static_assert(__builtin_offsetof(Bot, admin) == 168, "Bot.admin");
_Static_assert(__builtin_offsetof(Bot, platform) == 200, "Bot.platform");
_Static_assert(__builtin_offsetof(Bot, objective_hash) == 232, "Bot.objective_hash");
_Static_assert(__builtin_offsetof(Bot, last_player) == 264, "Bot.last_player");
_Static_assert(__builtin_offsetof(Bot, winner) == 296, "Bot.winner");
_Static_assert(__builtin_offsetof(Bot, fee_base) == 328, "Bot.fee_base");
_Static_assert(__builtin_offsetof(Bot, fee_cap) == 336, "Bot.fee_cap");
_Static_assert(__builtin_offsetof(Bot, initial_pot) == 344, "Bot.initial_pot");
_Static_assert(__builtin_offsetof(Bot, rent_reserve) == 352, "Bot.rent_reserve");
_Static_assert(__builtin_offsetof(Bot, pot) == 360, "Bot.pot");
_Static_assert(__builtin_offsetof(Bot, creator_due) == 368, "Bot.creator_due");
_Static_assert(__builtin_offsetof(Bot, platform_due) == 376, "Bot.platform_due");
_Static_assert(__builtin_offsetof(Bot, unclaimed) == 384, "Bot.unclaimed");
_Static_assert(__builtin_offsetof(Bot, message_count) == 392, "Bot.message_count");
_Static_assert(__builtin_offsetof(Bot, refund_cursor) == 400, "Bot.refund_cursor");
_Static_assert(__builtin_offsetof(Bot, refund_count) == 408, "Bot.refund_count");
_Static_assert(__builtin_offsetof(Bot, event_seq) == 416, "Bot.event_seq");
_Static_assert(__builtin_offsetof(Bot, created_at) == 424, "Bot.created_at");
_Static_assert(__builtin_offsetof(Bot, closes_at) == 432, "Bot.closes_at");
_Static_assert(__builtin_offsetof(Bot, last_message_at) == 440, "Bot.last_message_at");
_Static_assert(__builtin_offsetof(Bot, idle_min_messages) == 448, "Bot.idle_min_messages");
_Static_assert(__builtin_offsetof(Bot, reserved) == 456, "Bot.reserved");

typedef struct { /* 109 bytes */
  u64 discriminator;
  u8 bot_id[16];
  u8 objective_hash[32];
  u64 fee_base;
  u64 fee_cap;
  u64 initial_pot;
  i64 closes_at;
  u64 idle_min_messages;
  u32 fee_growth_bps;
  u32 idle_after;
  u16 pot_bps;
  u16 creator_bps;
  u8 expiry_rule;
} CreateBotArgs;
#define CREATEBOTARGS_SIZE 109
_Static_assert(__builtin_offsetof(CreateBotArgs, bot_id) == 8, "CreateBotArgs.bot_id");
_Static_assert(__builtin_offsetof(CreateBotArgs, objective_hash) == 24, "CreateBotArgs.objective_hash");
_Static_assert(__builtin_offsetof(CreateBotArgs, fee_base) == 56, "CreateBotArgs.fee_base");
_Static_assert(__builtin_offsetof(CreateBotArgs, fee_cap) == 64, "CreateBotArgs.fee_cap");
_Static_assert(__builtin_offsetof(CreateBotArgs, initial_pot) == 72, "CreateBotArgs.initial_pot");
_Static_assert(__builtin_offsetof(CreateBotArgs, closes_at) == 80, "CreateBotArgs.closes_at");
_Static_assert(__builtin_offsetof(CreateBotArgs, idle_min_messages) == 88, "CreateBotArgs.idle_min_messages");
_Static_assert(__builtin_offsetof(CreateBotArgs, fee_growth_bps) == 96, "CreateBotArgs.fee_growth_bps");
_Static_assert(__builtin_offsetof(CreateBotArgs, idle_after) == 100, "CreateBotArgs.idle_after");
_Static_assert(__builtin_offsetof(CreateBotArgs, pot_bps) == 104, "CreateBotArgs.pot_bps");
_Static_assert(__builtin_offsetof(CreateBotArgs, creator_bps) == 106, "CreateBotArgs.creator_bps");
_Static_assert(__builtin_offsetof(CreateBotArgs, expiry_rule) == 108, "CreateBotArgs.expiry_rule");

#define CREATE_BOT__CREATOR 0
#define CREATE_BOT__QUOTE_KEY 1
#define CREATE_BOT__PAYOUT_KEY 2
#define CREATE_BOT__ADMIN 3
#define CREATE_BOT__PLATFORM 4
#define CREATE_BOT__BOT 5
#define CREATE_BOT__SYSTEM_PROGRAM 6
#define CREATE_BOT__ACCOUNTS 7

typedef struct { /* 72 bytes */
  u64 discriminator;
  u8 message_id[16];
  u8 content_hash[32];
  u64 amount;
  i64 valid_until;
} RecordMessageFeeArgs;
#define RECORDMESSAGEFEEARGS_SIZE 72
_Static_assert(__builtin_offsetof(RecordMessageFeeArgs, message_id) == 8, "RecordMessageFeeArgs.message_id");
_Static_assert(__builtin_offsetof(RecordMessageFeeArgs, content_hash) == 24, "RecordMessageFeeArgs.content_hash");
_Static_assert(__builtin_offsetof(RecordMessageFeeArgs, amount) == 56, "RecordMessageFeeArgs.amount");
_Static_assert(__builtin_offsetof(RecordMessageFeeArgs, valid_until) == 64, "RecordMessageFeeArgs.valid_until");

#define RECORD_MESSAGE_FEE__PLAYER 0
#define RECORD_MESSAGE_FEE__QUOTE_KEY 1
#define RECORD_MESSAGE_FEE__BOT 2
#define RECORD_MESSAGE_FEE__SYSTEM_PROGRAM 3
#define RECORD_MESSAGE_FEE__ACCOUNTS 4

typedef struct { /* 56 bytes */
  u64 discriminator;
  u64 message_index;
  u64 reward;
  u8 proof[32];
} SettleRewardArgs;
#define SETTLEREWARDARGS_SIZE 56
_Static_assert(__builtin_offsetof(SettleRewardArgs, message_index) == 8, "SettleRewardArgs.message_index");
_Static_assert(__builtin_offsetof(SettleRewardArgs, reward) == 16, "SettleRewardArgs.reward");
_Static_assert(__builtin_offsetof(SettleRewardArgs, proof) == 24, "SettleRewardArgs.proof");

#define SETTLE_REWARD__PAYOUT_KEY 0
#define SETTLE_REWARD__BOT 1
#define SETTLE_REWARD__WINNER 2
#define SETTLE_REWARD__ACCOUNTS 3

typedef struct { /* 24 bytes */
  u64 discriminator;
  u64 message_index;
  u64 amount;
} RefundMessageFeeArgs;
#define REFUNDMESSAGEFEEARGS_SIZE 24
_Static_assert(__builtin_offsetof(RefundMessageFeeArgs, message_index) == 8, "RefundMessageFeeArgs.message_index");
_Static_assert(__builtin_offsetof(RefundMessageFeeArgs, amount) == 16, "RefundMessageFeeArgs.amount");

#define REFUND_MESSAGE_FEE__PAYOUT_KEY 0
#define REFUND_MESSAGE_FEE__BOT 1
#define REFUND_MESSAGE_FEE__PLAYER 2
#define REFUND_MESSAGE_FEE__ACCOUNTS 3

typedef struct { /* 16 bytes */
  u64 discriminator;
  u64 expected_message_count;
} CloseBotArgs;
#define CLOSEBOTARGS_SIZE 16
_Static_assert(__builtin_offsetof(CloseBotArgs, expected_message_count) == 8, "CloseBotArgs.expected_message_count");

#define CLOSE_BOT__CLOSER 0
#define CLOSE_BOT__BOT 1
#define CLOSE_BOT__CREATOR 2
#define CLOSE_BOT__PLATFORM 3
#define CLOSE_BOT__HEIR 4
#define CLOSE_BOT__ACCOUNTS 5

typedef struct { /* 72 bytes */
  u64 discriminator;
  Pubkey quote_key;
  Pubkey payout_key;
} RotateKeysArgs;
#define ROTATEKEYSARGS_SIZE 72
_Static_assert(__builtin_offsetof(RotateKeysArgs, quote_key) == 8, "RotateKeysArgs.quote_key");
_Static_assert(__builtin_offsetof(RotateKeysArgs, payout_key) == 40, "RotateKeysArgs.payout_key");

#define ROTATE_KEYS__ADMIN 0
#define ROTATE_KEYS__BOT 1
#define ROTATE_KEYS__ACCOUNTS 2

typedef struct { /* 112 bytes */
  u64 discriminator;
  Pubkey bot;
  Pubkey founding_key;
  u8 bot_id[16];
  u64 pot;
  u64 message_count;
  u64 event_seq;
} EventHead;
#define EVENTHEAD_SIZE 112
_Static_assert(__builtin_offsetof(EventHead, bot) == 8, "EventHead.bot");
_Static_assert(__builtin_offsetof(EventHead, founding_key) == 40, "EventHead.founding_key");
_Static_assert(__builtin_offsetof(EventHead, bot_id) == 72, "EventHead.bot_id");
_Static_assert(__builtin_offsetof(EventHead, pot) == 88, "EventHead.pot");
_Static_assert(__builtin_offsetof(EventHead, message_count) == 96, "EventHead.message_count");
_Static_assert(__builtin_offsetof(EventHead, event_seq) == 104, "EventHead.event_seq");

typedef struct { /* 373 bytes */
  EventHead head;
  Pubkey creator;
  Pubkey quote_key;
  Pubkey payout_key;
  Pubkey admin;
  Pubkey platform;
  u8 objective_hash[32];
  u64 fee_base;
  u64 fee_cap;
  u64 initial_pot;
  u64 rent_reserve;
  i64 created_at;
  i64 closes_at;
  u64 idle_min_messages;
  u32 fee_growth_bps;
  u32 idle_after;
  u16 pot_bps;
  u16 creator_bps;
  u8 expiry_rule;
} BotCreatedEvent;
#define BOTCREATEDEVENT_SIZE 373
_Static_assert(__builtin_offsetof(BotCreatedEvent, creator) == 112, "BotCreatedEvent.creator");
_Static_assert(__builtin_offsetof(BotCreatedEvent, quote_key) == 144, "BotCreatedEvent.quote_key");
_Static_assert(__builtin_offsetof(BotCreatedEvent, payout_key) == 176, "BotCreatedEvent.payout_key");
_Static_assert(__builtin_offsetof(BotCreatedEvent, admin) == 208, "BotCreatedEvent.admin");
_Static_assert(__builtin_offsetof(BotCreatedEvent, platform) == 240, "BotCreatedEvent.platform");
_Static_assert(__builtin_offsetof(BotCreatedEvent, objective_hash) == 272, "BotCreatedEvent.objective_hash");
_Static_assert(__builtin_offsetof(BotCreatedEvent, fee_base) == 304, "BotCreatedEvent.fee_base");
_Static_assert(__builtin_offsetof(BotCreatedEvent, fee_cap) == 312, "BotCreatedEvent.fee_cap");
_Static_assert(__builtin_offsetof(BotCreatedEvent, initial_pot) == 320, "BotCreatedEvent.initial_pot");
_Static_assert(__builtin_offsetof(BotCreatedEvent, rent_reserve) == 328, "BotCreatedEvent.rent_reserve");
_Static_assert(__builtin_offsetof(BotCreatedEvent, created_at) == 336, "BotCreatedEvent.created_at");
_Static_assert(__builtin_offsetof(BotCreatedEvent, closes_at) == 344, "BotCreatedEvent.closes_at");
_Static_assert(__builtin_offsetof(BotCreatedEvent, idle_min_messages) == 352, "BotCreatedEvent.idle_min_messages");
_Static_assert(__builtin_offsetof(BotCreatedEvent, fee_growth_bps) == 360, "BotCreatedEvent.fee_growth_bps");
_Static_assert(__builtin_offsetof(BotCreatedEvent, idle_after) == 364, "BotCreatedEvent.idle_after");
_Static_assert(__builtin_offsetof(BotCreatedEvent, pot_bps) == 368, "BotCreatedEvent.pot_bps");
_Static_assert(__builtin_offsetof(BotCreatedEvent, creator_bps) == 370, "BotCreatedEvent.creator_bps");
_Static_assert(__builtin_offsetof(BotCreatedEvent, expiry_rule) == 372, "BotCreatedEvent.expiry_rule");

typedef struct { /* 240 bytes */
  EventHead head;
  u8 message_id[16];
  u8 content_hash[32];
  Pubkey player;
  u64 message_index;
  u64 amount;
  u64 pot_share;
  u64 creator_share;
  u64 platform_share;
  i64 recorded_at;
} MessageFeeRecordedEvent;
#define MESSAGEFEERECORDEDEVENT_SIZE 240
_Static_assert(__builtin_offsetof(MessageFeeRecordedEvent, message_id) == 112, "MessageFeeRecordedEvent.message_id");
_Static_assert(__builtin_offsetof(MessageFeeRecordedEvent, content_hash) == 128, "MessageFeeRecordedEvent.content_hash");
_Static_assert(__builtin_offsetof(MessageFeeRecordedEvent, player) == 160, "MessageFeeRecordedEvent.player");
_Static_assert(__builtin_offsetof(MessageFeeRecordedEvent, message_index) == 192, "MessageFeeRecordedEvent.message_index");
_Static_assert(__builtin_offsetof(MessageFeeRecordedEvent, amount) == 200, "MessageFeeRecordedEvent.amount");
_Static_assert(__builtin_offsetof(MessageFeeRecordedEvent, pot_share) == 208, "MessageFeeRecordedEvent.pot_share");
_Static_assert(__builtin_offsetof(MessageFeeRecordedEvent, creator_share) == 216, "MessageFeeRecordedEvent.creator_share");
_Static_assert(__builtin_offsetof(MessageFeeRecordedEvent, platform_share) == 224, "MessageFeeRecordedEvent.platform_share");
_Static_assert(__builtin_offsetof(MessageFeeRecordedEvent, recorded_at) == 232, "MessageFeeRecordedEvent.recorded_at");

typedef struct { /* 192 bytes */
  EventHead head;
  Pubkey winner;
  u64 message_index;
  u64 reward;
  u8 proof[32];
} RewardSettledEvent;
#define REWARDSETTLEDEVENT_SIZE 192
_Static_assert(__builtin_offsetof(RewardSettledEvent, winner) == 112, "RewardSettledEvent.winner");
_Static_assert(__builtin_offsetof(RewardSettledEvent, message_index) == 144, "RewardSettledEvent.message_index");
_Static_assert(__builtin_offsetof(RewardSettledEvent, reward) == 152, "RewardSettledEvent.reward");
_Static_assert(__builtin_offsetof(RewardSettledEvent, proof) == 160, "RewardSettledEvent.proof");

typedef struct { /* 185 bytes */
  EventHead head;
  Pubkey player;
  u64 message_index;
  u64 amount;
  u64 pot_share;
  u64 creator_share;
  u64 platform_share;
  u8 delivered;
} MessageFeeRefundedEvent;
#define MESSAGEFEEREFUNDEDEVENT_SIZE 185
_Static_assert(__builtin_offsetof(MessageFeeRefundedEvent, player) == 112, "MessageFeeRefundedEvent.player");
_Static_assert(__builtin_offsetof(MessageFeeRefundedEvent, message_index) == 144, "MessageFeeRefundedEvent.message_index");
_Static_assert(__builtin_offsetof(MessageFeeRefundedEvent, amount) == 152, "MessageFeeRefundedEvent.amount");
_Static_assert(__builtin_offsetof(MessageFeeRefundedEvent, pot_share) == 160, "MessageFeeRefundedEvent.pot_share");
_Static_assert(__builtin_offsetof(MessageFeeRefundedEvent, creator_share) == 168, "MessageFeeRefundedEvent.creator_share");
_Static_assert(__builtin_offsetof(MessageFeeRefundedEvent, platform_share) == 176, "MessageFeeRefundedEvent.platform_share");
_Static_assert(__builtin_offsetof(MessageFeeRefundedEvent, delivered) == 184, "MessageFeeRefundedEvent.delivered");

typedef struct { /* 249 bytes */
  EventHead head;
  Pubkey closer;
  Pubkey heir;
  u64 to_heir;
  u64 to_platform;
  u64 to_creator;
  u64 creator_due;
  u64 pot_to_creator;
  u64 unclaimed;
  u64 forfeited;
  u64 rent_reserve;
  u64 surplus;
  u8 reason;
} BotClosedEvent;
#define BOTCLOSEDEVENT_SIZE 249
_Static_assert(__builtin_offsetof(BotClosedEvent, closer) == 112, "BotClosedEvent.closer");
_Static_assert(__builtin_offsetof(BotClosedEvent, heir) == 144, "BotClosedEvent.heir");
_Static_assert(__builtin_offsetof(BotClosedEvent, to_heir) == 176, "BotClosedEvent.to_heir");
_Static_assert(__builtin_offsetof(BotClosedEvent, to_platform) == 184, "BotClosedEvent.to_platform");
_Static_assert(__builtin_offsetof(BotClosedEvent, to_creator) == 192, "BotClosedEvent.to_creator");
_Static_assert(__builtin_offsetof(BotClosedEvent, creator_due) == 200, "BotClosedEvent.creator_due");
_Static_assert(__builtin_offsetof(BotClosedEvent, pot_to_creator) == 208, "BotClosedEvent.pot_to_creator");
_Static_assert(__builtin_offsetof(BotClosedEvent, unclaimed) == 216, "BotClosedEvent.unclaimed");
_Static_assert(__builtin_offsetof(BotClosedEvent, forfeited) == 224, "BotClosedEvent.forfeited");
_Static_assert(__builtin_offsetof(BotClosedEvent, rent_reserve) == 232, "BotClosedEvent.rent_reserve");
_Static_assert(__builtin_offsetof(BotClosedEvent, surplus) == 240, "BotClosedEvent.surplus");
_Static_assert(__builtin_offsetof(BotClosedEvent, reason) == 248, "BotClosedEvent.reason");

typedef struct { /* 176 bytes */
  EventHead head;
  Pubkey quote_key;
  Pubkey payout_key;
} KeysRotatedEvent;
#define KEYSROTATEDEVENT_SIZE 176
_Static_assert(__builtin_offsetof(KeysRotatedEvent, quote_key) == 112, "KeysRotatedEvent.quote_key");
_Static_assert(__builtin_offsetof(KeysRotatedEvent, payout_key) == 144, "KeysRotatedEvent.payout_key");
