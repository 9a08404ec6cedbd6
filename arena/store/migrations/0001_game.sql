-- The game's tables. Amounts are lamports. Wallets, addresses and signatures are base58 text, as the chain shows them.
-- Rows are facts; each has one writer, named here. "The journal" is how the actors of the game write.

create function touch_updated_at() returns trigger language plpgsql as $$
begin
    new.updated_at := now();
    return new;
end
$$;

-- Written at sign-in.
create table users (
    id uuid primary key,
    wallet text not null unique check (length(wallet) between 32 and 44),
    username text check (length(username) between 1 and 32),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create unique index users_username on users (lower(username));

-- Drafted by its creator's request; from then on written by the bot's actor alone. The terms never change.
create table bots (
    id uuid primary key,
    creator_id uuid not null references users,
    address text not null unique,
    founding_key text not null,
    name text not null check (length(name) between 1 and 80),
    kind text not null,
    public jsonb not null,
    secret bytea not null,       -- encrypted
    salt bytea not null,         -- encrypted
    credentials bytea,           -- encrypted; never revealed, no part of the commitment
    objective_hash bytea not null check (length(objective_hash) = 32),
    fee_base bigint not null check (fee_base > 0),
    fee_growth_bps integer not null check (fee_growth_bps between 0 and 10000),
    fee_cap bigint not null check (fee_cap >= fee_base),
    pot_bps integer not null check (pot_bps between 0 and 10000),
    creator_bps integer not null check (creator_bps >= 0 and pot_bps + creator_bps <= 10000),
    initial_pot bigint not null check (initial_pot >= 0),
    closes_at timestamptz not null,
    idle_after integer not null check (idle_after >= 0),                -- seconds
    idle_min_messages bigint not null check (idle_min_messages >= 0),
    expiry_rule text not null check (expiry_rule in ('last_player', 'creator')),
    demo boolean not null default false,                                -- its creator is the house and knows the answer
    status text not null default 'draft' check (
        status in ('draft', 'opening', 'open', 'solved', 'expired', 'closing', 'closed', 'halted')
    ),
    -- what the chain said last, and how far the bot has come with it
    pot bigint not null default 0 check (pot >= 0),
    message_count bigint not null default 0 check (message_count >= 0),
    event_seq bigint not null default 0 check (event_seq >= 0),
    judged_count bigint not null default 0 check (judged_count between 0 and message_count),
    frame_seq bigint not null default 0 check (frame_seq >= 0),
    opened_at timestamptz,
    ended_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index bots_status on bots (status, id);
create index bots_creator on bots (creator_id, id);
create index bots_demo on bots (id) where demo;

-- Opened by the player's request; closed by the bot's actor.
create table chat_sessions (
    id uuid primary key,
    bot_id uuid not null references bots,
    solver_id uuid not null references users,
    status text not null default 'active' check (status in ('active', 'closed')),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (bot_id, solver_id)
);
create index chat_sessions_bot_created on chat_sessions (bot_id, created_at);
create index chat_sessions_solver_status on chat_sessions (solver_id, status);

-- Written by the bot's actor alone. The id is the one on the chain; content_hash is sha256(id ‖ text in UTF-8).
create table messages (
    id uuid primary key,
    bot_id uuid not null references bots,
    session_id uuid not null references chat_sessions,
    solver_id uuid not null references users,
    client_id uuid not null,
    text text not null,
    content_hash bytea not null check (length(content_hash) = 32),
    amount bigint not null check (amount >= 0),
    valid_until timestamptz not null,
    status text not null default 'paying' check (
        status in ('paying', 'paid', 'judged', 'refunding', 'refunded', 'dead')
    ),
    message_index bigint check (message_index > 0),
    pot_share bigint check (pot_share between 0 and amount),
    fee_signature text,
    fee_slot bigint check (fee_slot >= 0),
    reply text,
    solved boolean,
    judged_at timestamptz,
    refund_reason text,
    refund_signature text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (session_id, client_id),
    unique (bot_id, message_index),
    check (status in ('paying', 'dead') = (message_index is null)),
    check ((message_index is null) = (pot_share is null)),
    check ((message_index is null) = (fee_signature is null)),
    check ((message_index is null) = (fee_slot is null)),
    check ((status = 'judged') = (judged_at is not null)),
    check ((judged_at is null) = (reply is null) and (judged_at is null) = (solved is null)),
    check (status in ('refunding', 'refunded') = (refund_reason is not null)),
    check ((status = 'refunded') = (refund_signature is not null))
);
create index messages_bot_created on messages (bot_id, created_at);
create index messages_solver_status on messages (solver_id, status);
create index messages_session_index on messages (session_id, message_index);
create index messages_pending on messages (bot_id, status) where status in ('paying', 'paid', 'refunding');
create unique index messages_one_solves on messages (bot_id) where solved;

-- Written by the bot's actor alone: the log from which chats and spectators resume. session_id null: for everybody.
create table bot_events (
    bot_id uuid not null references bots,
    seq bigint not null check (seq > 0),
    session_id uuid references chat_sessions,
    frame jsonb not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (bot_id, seq)
);
create index bot_events_session on bot_events (session_id, seq) where session_id is not null;
create index bot_events_public on bot_events (bot_id, seq) where session_id is null;
create index bot_events_bot_created on bot_events (bot_id, created_at);

-- Every transaction that this server signed, written before it is sent, by the actor that sends it (the bot's for
-- creations and fees, the settlement's for the rest).
create table network_transactions (
    signature text primary key check (length(signature) between 64 and 88),
    kind text not null check (kind in ('create', 'fee', 'settle', 'refund', 'close')),
    bot_id uuid not null references bots,
    message_id uuid references messages,
    payer text not null,
    amount bigint not null check (amount >= 0),
    raw bytea not null check (length(raw) <= 1232),
    last_valid_block_height bigint not null check (last_valid_block_height >= 0),
    status text not null default 'pending' check (status in ('pending', 'landed', 'failed', 'expired')),
    slot bigint check (slot >= 0),
    error text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    check (kind not in ('fee', 'refund') or message_id is not null),
    check ((status in ('landed', 'failed')) = (slot is not null)),
    check ((status = 'failed') = (error is not null))
);
create index network_transactions_bot_created on network_transactions (bot_id, created_at);
create index network_transactions_message on network_transactions (message_id) where message_id is not null;
create index network_transactions_pending on network_transactions (bot_id) where status = 'pending';
-- a message has at most one live payment, a bot one live settlement, and so on
create unique index network_transactions_one_live on network_transactions
    (bot_id, kind, coalesce(message_id, '00000000-0000-0000-0000-000000000000'::uuid)) where status = 'pending';

-- How a bot ended: inserted by the bot's actor with the verdict or the expiry, moved on by its settlement actor.
-- The winner's columns are null when nobody solved it.
create table bot_solutions (
    bot_id uuid primary key references bots,
    message_id uuid references messages,
    winner_id uuid references users,
    message_index bigint check (message_index > 0),
    reward bigint not null check (reward >= 0),
    proof bytea not null check (length(proof) = 32),      -- the salt of the commitment
    revealed jsonb not null,                              -- the puzzle's secret, now public
    status text not null check (status in ('solved', 'expired', 'paid', 'closed')),
    settle_signature text,
    close_signature text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    check ((message_id is null) = (winner_id is null) and (message_id is null) = (message_index is null)),
    check (message_id is not null or (reward = 0 and status in ('expired', 'closed'))),
    check (message_id is null or status <> 'expired'),
    check ((settle_signature is not null) = (message_id is not null and status in ('paid', 'closed'))),
    check ((close_signature is not null) = (status = 'closed'))
);
create index bot_solutions_winner_status on bot_solutions (winner_id, status);

-- Written by the chain's feed.
create table feed_cursors (
    name text primary key,
    slot bigint not null check (slot >= 0),
    signature text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

-- Sign-in: a nonce is used once.
create table nonces (
    nonce text primary key,
    wallet text,
    expires_at timestamptz not null,
    used_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index nonces_expires on nonces (expires_at);

-- Session tokens that were logged out, until they would have expired.
create table revoked_tokens (
    jti uuid primary key,
    expires_at timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index revoked_tokens_expires on revoked_tokens (expires_at);

-- Requests that may be repeated: the first one's response is the response. status null: being worked on.
create table idempotency_keys (
    user_id uuid not null references users,
    key text not null check (length(key) between 1 and 200),
    request_hash bytea not null check (length(request_hash) = 32),
    status integer check (status between 100 and 599),
    response bytea,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (user_id, key),
    check ((status is null) = (response is null))
);
create index idempotency_keys_created on idempotency_keys (created_at);

-- What operators did, and what alerted them.
create table audit_log (
    id uuid primary key,
    actor text not null,
    action text not null,
    subject text not null,
    detail jsonb not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index audit_log_subject on audit_log (subject, id);

do $$
declare
    name text;
begin
    foreach name in array array[
        'users', 'bots', 'chat_sessions', 'messages', 'bot_events', 'network_transactions', 'bot_solutions',
        'feed_cursors', 'nonces', 'revoked_tokens', 'idempotency_keys', 'audit_log'
    ] loop
        execute format(
            'create trigger touch before update on %I for each row execute function touch_updated_at()', name
        );
    end loop;
end
$$;
