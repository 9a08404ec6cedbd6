-- What an actor wrote down last; the version is its fence.
create table actor_snapshots (
    kind text not null,
    id text not null,
    version bigint not null check (version > 0),
    schema integer not null,
    data bytea not null check (length(data) <= 16384),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (kind, id)
);

-- Batches of the journal that were committed: looked up when the answer to a COMMIT is lost.
create table journal_batches (
    id uuid primary key,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index journal_batches_created on journal_batches (created_at);
