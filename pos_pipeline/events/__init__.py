"""What other services are told: events written with the fact, sent once the marts show it.

    extract · transform ──enqueue──▶ pos.outbox ──publishable──▶ rabbitmq ──confirm──▶ exchange `pos`
      (same transaction as the fact)     │ held until dbt has modelled the load it speaks of
                                         └── no RABBITMQ_URL: rows wait here and the CLI shows them

`schema` holds the payloads, `outbox` the table, `rabbitmq` the broker; `deliveries` and `transactions` bring new and
changed transactions to the sales service, `mapping_needed` says what waits for a person. Delivery is at least once; the
message id is the outbox id, so a repeated message is recognisable as the same one. What other services tell us is
heard in `consumer`.
"""
