/* What a freestanding C program needs to know of Solana: types, syscalls, and the little that libc would have given.
 * The layouts are those of Solana's C SDK, which the runtime reads in cross-program invocations. */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed long long i64;

#define NULL ((void *)0)
#define U64_MAX (~0ULL)
#define U32_MAX 0xffffffffULL

typedef union {
  u64 words[4]; /* for the alignment, and for fast comparing */
  u8 bytes[32];
} Pubkey;

typedef struct {
  const Pubkey *key;
  u64 *lamports;
  u64 data_len;
  u8 *data;
  const Pubkey *owner;
  u64 rent_epoch;
  u8 is_signer;
  u8 is_writable;
  u8 executable;
} AccountInfo;

typedef struct {
  const Pubkey *key;
  u8 is_writable;
  u8 is_signer;
} AccountMeta;

typedef struct {
  const Pubkey *program_id;
  const AccountMeta *accounts;
  u64 accounts_len;
  const u8 *data;
  u64 data_len;
} Instruction;

typedef struct {
  const void *at;
  u64 len;
} Slice;

typedef struct {
  const Slice *seeds;
  u64 len;
} SignerSeeds;

typedef struct {
  u64 lamports_per_byte_year;
  u64 exemption_threshold; /* the bits of a double */
  u8 burn_percent;
  u8 padding[7];
} Rent;

typedef struct {
  u64 slot;
  i64 epoch_start_timestamp;
  u64 epoch;
  u64 leader_schedule_epoch;
  i64 unix_timestamp;
} Clock;

/* Syscalls stay undefined; the linker turns each call into a relocation that the loader resolves by name. */
extern void sol_log_(const char *message, u64 len);
extern void sol_log_data(const Slice *slices, u64 count);
extern void sol_memset_(void *at, u8 value, u64 len);
extern u64 sol_create_program_address(const Slice *seeds, u64 count, const Pubkey *program_id, Pubkey *address);
extern u64 sol_try_find_program_address(const Slice *seeds, u64 count, const Pubkey *program_id, Pubkey *address,
                                        u8 *bump);
extern u64 sol_invoke_signed_c(const Instruction *instruction, const AccountInfo *accounts, u64 accounts_len,
                               const SignerSeeds *signers, u64 signers_len);
extern u64 sol_get_clock_sysvar(Clock *clock);
extern u64 sol_get_rent_sysvar(Rent *rent);

#define LOG(text) sol_log_(text, sizeof(text) - 1)

static const Pubkey SYSTEM_PROGRAM = {{0, 0, 0, 0}};

/* Keys in the input lie on multiples of eight; keys of our own do by their type. */
static inline int same_key(const Pubkey *a, const Pubkey *b) {
  return ((a->words[0] ^ b->words[0]) | (a->words[1] ^ b->words[1]) | (a->words[2] ^ b->words[2]) |
          (a->words[3] ^ b->words[3])) == 0;
}

static inline void copy_key(Pubkey *to, const Pubkey *from) {
  to->words[0] = from->words[0];
  to->words[1] = from->words[1];
  to->words[2] = from->words[2];
  to->words[3] = from->words[3];
}

/* `words` times eight bytes, both ends on a multiple of eight. */
static inline void copy_words(void *to, const void *from, u64 words) {
  for (u64 i = 0; i < words; i++) ((u64 *)to)[i] = ((const u64 *)from)[i];
}
