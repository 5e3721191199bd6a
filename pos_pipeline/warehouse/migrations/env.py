"""Alembic's entry: runs the versions on the connection `migrate` hands over."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table_schema="public", version_table="pos_pipeline_version")
with context.begin_transaction():
    context.run_migrations()
