"""Celery's queue in a Postgres table, for a machine without RabbitMQ.

kombu's own transport, looking more often: it sleeps a second between two looks and passes every
option on to SQLAlchemy, so that the pause cannot be configured.
"""

from kombu.transport import sqlalchemy

POLL_SECONDS = 0.2
"""Pause between two looks for a run; half of it is the mean wait."""


class Transport(sqlalchemy.Transport):
    """`sqla+postgresql…` with a short pause. Delivered messages stay in `kombu_message`, marked invisible."""

    polling_interval = POLL_SECONDS
