-- What somebody has paid since some time, and what others have paid for a bot, from the index alone.
create index messages_solver_created on messages (solver_id, created_at) include (amount)
    where status in ('paid', 'judged');
create index messages_bot_judged on messages (bot_id, judged_at) include (solver_id, amount) where status = 'judged';
