-- Whether a POS that was asked to tell us what happens does so.

alter table pos.connections
add column webhook_address text,
add column webhook_registered_at timestamptz,
add column webhook_silent_since timestamptz,
add column webhook_tried_at timestamptz,
add column webhook_tries integer not null default 0,
add column webhook_message text;
comment on column pos.connections.webhook_address is 'where the POS was last asked to deliver, whether it agreed or not; asked again from here';
comment on column pos.connections.webhook_silent_since is 'a sync found sales that no event had told of; null while events come';
comment on column pos.connections.webhook_tries is 'times registering was tried again by itself since it last worked';
comment on column pos.connections.webhook_message is 'what is wrong with its webhooks, in words';

grant select (webhook_registered_at, webhook_silent_since, webhook_message) on pos.connections to pos_app;
