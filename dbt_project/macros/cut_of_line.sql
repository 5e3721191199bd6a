{#- The part of a line's amount between `from_minor` and `to_minor` of its total; all of it for an uncut line. -#}
{% macro cut_of_line(amount) -%}
    case
        when from_minor = 0 and to_minor = line_minor then {{ amount }}
        else
            round({{ amount }}::numeric * to_minor / line_minor) - round({{ amount }}::numeric * from_minor / line_minor)
    end
{%- endmacro %}
