-- Answers are kept sealed, since one may hold a state or a link code; and what was asked for says by which request.

-- They live for a day, and cannot be sealed here: the keys are not the database's.
delete from pos.idempotency_keys;
alter table pos.idempotency_keys
drop column status,
drop column body,
add column answer bytea;
comment on column pos.idempotency_keys.answer is 'sealed: status, headers and body; null while the first request with this key is being answered';

alter table pos.sync_requests add column correlation_id text;
comment on column pos.sync_requests.correlation_id is 'id of the API request that asked for it first; null when none did';
