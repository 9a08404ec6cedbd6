-- Which keys a bot answers to, as its creation and every rotation say. Null on all other events, and for what was taken in
-- before these columns were there: such a bot answers to the arena's keys.
alter table chain_events
    add column quote_key text check (length(quote_key) between 32 and 44),
    add column payout_key text check (length(payout_key) between 32 and 44),
    add check ((quote_key is null) = (payout_key is null));
