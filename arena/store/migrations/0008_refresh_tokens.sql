-- Sessions of users: from a wallet's signature until it is logged out, or expires. A row that is not there has ended.
-- Written by the front end. Tokens of before this table name no session: their users sign in again.
create table auth_sessions (
    id uuid primary key,
    user_id uuid not null references users,
    expires_at timestamptz not null,
    refreshes integer not null default 0 check (refreshes >= 0),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index auth_sessions_user on auth_sessions (user_id, id);
create index auth_sessions_expires on auth_sessions (expires_at);

-- All refresh tokens that a session ever had, as sha256 of the token: the one that is not used yet, and those that must not
-- come again.
create table refresh_tokens (
    hash bytea primary key check (length(hash) = 32),
    session_id uuid not null references auth_sessions on delete cascade,
    used_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create unique index refresh_tokens_one_unused on refresh_tokens (session_id) where used_at is null;
create index refresh_tokens_session on refresh_tokens (session_id);

create trigger touch before update on auth_sessions for each row execute function touch_updated_at();
create trigger touch before update on refresh_tokens for each row execute function touch_updated_at();

-- A session that was logged out is not there any more.
drop table revoked_tokens;
