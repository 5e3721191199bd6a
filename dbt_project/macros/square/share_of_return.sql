{#-
    What one of several refunds takes of an amount of their common return, in whole minor units: the rounded share of
    everything paid back so far less the share before, so that the parts always add up.
-#}
{% macro share_of_return(amount) -%}
    coalesce(
        round({{ amount }}::numeric * least(reached_minor, returned_minor) / returned_minor)
        - round({{ amount }}::numeric * least(reached_minor - amount_minor, returned_minor) / returned_minor),
        0
    )
{%- endmacro %}
