-- What the chain knows and the rows had lost. An adopted message's text is lost: only its hash is known.
alter table messages add column adopted boolean not null default false check (not adopted or text = '');

-- abandoned: a stranger closed the bot before its reward was paid, so its pot went by the chain's books alone
alter table bot_solutions drop constraint bot_solutions_status_check;
alter table bot_solutions add constraint bot_solutions_status_check check (
    status in ('solved', 'expired', 'paid', 'closed', 'abandoned')
);
alter table bot_solutions drop constraint bot_solutions_check4;
alter table bot_solutions add constraint bot_solutions_close_signature_check check (
    (close_signature is not null) = (status in ('closed', 'abandoned'))
);
