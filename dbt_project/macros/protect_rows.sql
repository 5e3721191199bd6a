{#-
    What guards a mart's rows, run after it is built. A view reads with the rights of whoever asks, so that
    row policies on the tables below it hold. Policies of tables belong here too once roles exist.
-#}
{% macro protect_rows() -%}
    {%- if model.config.materialized == 'view' -%}
        alter view {{ this }} set (security_invoker = true)
    {%- endif -%}
{%- endmacro %}
