-- Deliveries keep what they announced, not what they carried: the objects themselves are read from the POS.
alter table pos.webhooks
add column streams text[] not null default '{}',
add column run_id text;
comment on column pos.webhooks.event_data is 'ids and times of the event; never a person''s data';
comment on column pos.webhooks.processing_status is 'pending until a sync that began after it has succeeded; failed is the dead letter';
create index on pos.webhooks (connection_id) where processing_status = 'pending';
create index on pos.webhooks (tenant_id, received_at desc);
create index on pos.webhooks (connection_id, received_at desc);
