"""The HTTP face: link a till, hear it in seconds, command it safely.

    identity    who asks: a bearer JWT with a tenant and scopes        isolation  the tenant's rows, by row policies
    problems    every refusal as RFC 9457                              paging     opaque cursors
    once        `Idempotency-Key`: a POST that comes twice happens once
    marts       what dbt has made, as soon as there is any             etag       a change to what was seen only
    metrics     what Prometheus asks for, told from the tables
    logs        JSON lines without secrets                             correlation  an id and a line for every request
    openapi     what the API says of itself                            limits   how large a request may be
    routes/     one file per part of `/api/v1/pos`

Reads go through `pos_app`, which sees the rows of one tenant and no sealed token. What the core does for
all tenants (linking, syncing) is asked of the core's own functions, after the tenant's row was found that way.
"""
