{#-
    An index by which rows are found that have a word in a JSON list, made once, for a post-hook. Without fast updates,
    because every look-up would read the list of what waits to be sorted in, and a name that changed is looked up alone.
-#}
{% macro index_members(column) -%}
    create index if not exists {{ this.identifier }}_{{ column }}
    on {{ this }} using gin ({{ column }}) with (fastupdate = off)
{%- endmacro %}
