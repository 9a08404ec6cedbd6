-- A transaction that never landed may have a reason, too: what a node said would keep it out.
alter table network_transactions
    drop constraint network_transactions_check2,
    add constraint network_transactions_error check (
        case status when 'failed' then error is not null when 'expired' then true else error is null end
    );
