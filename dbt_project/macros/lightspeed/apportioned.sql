{#-
    Whole minor units of `<what>_exact` for each line of a sale, so that they add up to `<what>_target`: every line
    rounds down, and what is missing goes by one to those that lost most; of equal ones, to the largest, then the first.
    A difference that is more than rounding is no line's: lines are rounded alone and the difference stays in sight.
-#}
{% macro ranked_remainders(what) -%}
    floor({{ what }}_exact) as {{ what }}_floor,
    sum(floor({{ what }}_exact)) over (partition by tenant_id, sale_id) as {{ what }}_floors,
    row_number() over (
        partition by tenant_id, sale_id
        order by {{ what }}_exact - floor({{ what }}_exact) desc, abs({{ what }}_exact) desc, part_number, line_number
    ) as {{ what }}_rank
{%- endmacro %}


{% macro apportioned(what) -%}
    case
        when {{ what }}_target - {{ what }}_floors between 0 and part_count
            then {{ what }}_floor + ({{ what }}_rank <= {{ what }}_target - {{ what }}_floors)::integer
        else round({{ what }}_exact)
    end
{%- endmacro %}
