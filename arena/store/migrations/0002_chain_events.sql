-- What the chain said of each bot, and whether it can still take it back.

-- Written by the bot's actor alone, with what the event changes. Deleted when the chain took the event back.
create table chain_events (
    bot_id uuid not null references bots,
    event_seq bigint not null check (event_seq > 0),
    kind text not null,
    signature text not null check (length(signature) between 64 and 88),
    slot bigint not null check (slot >= 0),
    pot bigint not null check (pot >= 0),                          -- after it
    message_count bigint not null check (message_count >= 0),      -- after it
    final boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (bot_id, event_seq)
);
create index chain_events_unfinal on chain_events (bot_id, event_seq) where not final;

-- what was taken in before this table was there is taken for final
insert into chain_events (bot_id, event_seq, kind, signature, slot, pot, message_count, final)
select id, event_seq, 'Migrated', repeat('1', 64), 0, pot, message_count, true from bots where event_seq > 0;

create trigger touch before update on chain_events for each row execute function touch_updated_at();

-- What the brain said of a message whose payment the chain took back: said again if it lands again.
alter table messages
    add column earlier_reply text,
    add column earlier_solved boolean,
    add check ((earlier_reply is null) = (earlier_solved is null));

-- How far the feed has come is each bot's event_seq; nothing ever needed another cursor.
drop table feed_cursors;
