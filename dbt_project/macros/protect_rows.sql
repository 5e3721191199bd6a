{#-
    What guards a relation's rows, run after it is built. Whatever answers a tenant reads as `pos_app` (see the
    migrations): of a table it gets the rows of the tenant its transaction names; a view reads with the rights of
    whoever asks, so that the policies of the tables below it hold. A view with `meta.filters_rows` reads what
    pos_app may not, and asks `pos.sees` of every row itself. Looks before it alters: a lock is taken once in a
    relation's life. Nothing happens in a database without that role, such as one a person made by hand.
-#}
{% macro protect_rows() -%}
    {%- set relation = this.render() -%}
    {%- set is_view = model.config.materialized == 'view' -%}
    do $protect$
    begin
        if not exists (select from pg_catalog.pg_roles where rolname = 'pos_app')
            or has_table_privilege('pos_app', '{{ relation }}', 'select')
        then
            return;
        end if;
        {% if is_view and model.config.meta.get('filters_rows') -%}
        alter view {{ relation }} set (security_barrier = true);
        {%- elif is_view -%}
        alter view {{ relation }} set (security_invoker = true);
        {%- else -%}
        alter table {{ relation }} enable row level security;
        alter table {{ relation }} force row level security;
        execute format('create policy core on {{ relation }} to %I using (true) with check (true)', current_user);
        create policy tenant on {{ relation }} to pos_app using (tenant_id = pos.tenant());
        {%- endif %}
        if not has_schema_privilege('pos_app', '{{ this.schema }}', 'usage') then
            -- Models are made side by side, and two grants on one schema at once fail.
            perform pg_advisory_xact_lock(hashtext('pos.protect_rows'));
            grant usage on schema {{ this.schema }} to pos_app;
        end if;
        grant select on {{ relation }} to pos_app;
    end
    $protect$
{%- endmacro %}
