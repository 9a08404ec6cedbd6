-- What bots have spent on language models, so that a restart does not forget the day's limits.

-- Tokens set aside before each request, corrected when the endpoint has told what it took. Written by the arena alone.
create table llm_spending (
    day date not null,                                             -- in UTC
    bot_id uuid not null references bots,
    house boolean not null,                                        -- at the operator's endpoint, with the operator's key
    tokens bigint not null check (tokens >= 0),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (day, bot_id)
);

create trigger touch before update on llm_spending for each row execute function touch_updated_at();
