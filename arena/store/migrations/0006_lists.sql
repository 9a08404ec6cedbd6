-- Lists of bots and of people: what they are sorted, searched and ranked by; names of users; keys of repeated requests.

-- What the next message costs, kept with message_count by the bot's actor.
alter table bots add column next_price bigint check (next_price > 0);

do $$
declare
    bot record;
    price numeric;
    step numeric;
begin
    -- as arena.economy.fees: compounding, rounded down at every step, up to the cap
    for bot in select id, fee_base, fee_growth_bps, fee_cap, message_count from bots loop
        price := bot.fee_base;
        for played in 1 .. bot.message_count loop
            step := div(price * bot.fee_growth_bps, 10000);
            exit when step = 0 or price = bot.fee_cap;
            price := least(bot.fee_cap, price + step);
        end loop;
        update bots set next_price = price where id = bot.id;
    end loop;
end
$$;

alter table bots alter column next_price set not null;

create index bots_pot on bots (status, pot, id);
create index bots_price on bots (status, next_price, id);
create index bots_ending on bots (status, closes_at, id);
create index bots_played on bots (status, message_count, id);

-- a player's own history
create index messages_session on messages (session_id, id);

-- What its creator says of a bot beside its puzzle, and the words that the bot is found by (see arena.store.search). A table
-- of its own, so that the row that moves with every message has no index of words. Written by the creator's requests alone.
create table bot_texts (
    bot_id uuid primary key references bots on delete cascade,
    description text not null default '' check (length(description) <= 1000),
    revision bigint not null default 1 check (revision > 0),
    words text not null,                                            -- folded, with a blank between two
    search tsvector not null generated always as (array_to_tsvector(string_to_array(words, ' '))) stored,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index bot_texts_search on bot_texts using gin (search);
create trigger touch before update on bot_texts for each row execute function touch_updated_at();

insert into bot_texts (bot_id, words)
select id, btrim(regexp_replace(
    lower(concat_ws(' ', name, public ->> 'persona', public ->> 'objective')), '[^[:alnum:]]+', ' ', 'g'
)) from bots;

-- Names that look alike have the same skeleton (see arena.game.usernames); nobody could choose one before.
alter table users
    add column username_skeleton text,
    add constraint users_username_form check (username ~ '^[A-Za-z0-9_-]{3,20}$');
update users set username = null where username is not null;
alter table users add check ((username is null) = (username_skeleton is null));
drop index users_username;
create unique index users_username_skeleton on users (username_skeleton);

-- what a player has paid, bot by bot, from the index alone
drop index messages_solver_status;
create index messages_solver_status on messages (solver_id, status) include (bot_id, amount);
create index chat_sessions_solver on chat_sessions (solver_id, id);

-- Keys also of those who are not signed in: the owner is a user's id, or what else the request belongs to.
alter table idempotency_keys drop constraint idempotency_keys_user_id_fkey;
alter table idempotency_keys alter column user_id type text;
alter table idempotency_keys rename column user_id to owner;
alter table idempotency_keys
    add check (length(owner) between 1 and 100),
    add column location text;                                       -- the response's header of this name

-- leaderboards: rewards and verdicts since some time, from the index alone
create index bot_solutions_rewards on bot_solutions (created_at) include (winner_id, bot_id, reward)
    where status in ('paid', 'closed') and winner_id is not null;
create index messages_judged on messages (judged_at) include (bot_id, solver_id, amount) where status = 'judged';
