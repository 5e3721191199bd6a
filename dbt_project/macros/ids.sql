{#- The same UUID (RFC 9562, version 8) for the same words in every rebuild. -#}
{% macro stable_uuid(parts) -%}
    overlay(
        overlay(md5(concat_ws(':', {{ parts | join(', ') }})) placing '8' from 13) placing '8' from 17
    )::uuid
{%- endmacro %}
