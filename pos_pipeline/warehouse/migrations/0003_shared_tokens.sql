-- One access token per set of credentials, for POS that give the same token to every login.
create table pos.shared_tokens (
    id uuid primary key,
    tenant_id uuid not null default '00000000-0000-0000-0000-000000000000',
    pos_provider text not null,
    access_token bytea,
    token_expires_at timestamptz,
    token_renewed_at timestamptz,
    refused_at timestamptz,
    refusal text
);
comment on table pos.shared_tokens is 'id is made from a digest of the credentials; whoever cannot form it cannot use the token';
comment on column pos.shared_tokens.tenant_id is 'nil: the token is no tenant''s; the vault binds the sealed token to it';
comment on column pos.shared_tokens.access_token is 'sealed; see pos_pipeline/accounts/vault.py';

alter table pos.oauth_states add column message text;
comment on column pos.oauth_states.message is 'what keeps a link code from being finished, in words for the merchant';
