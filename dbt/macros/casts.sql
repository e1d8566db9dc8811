-- noqa: disable=layout.indent,layout.long_lines
{# The text of a property in the type it was configured with; null when it can't be read so. The
   table of what each type reads is docs/casts.md, which a test goes through cell by cell.
   Nothing here depends on the settings of the database session. #}
{% macro typed(property) -%}
    {{ read_as(property.type, property.alias) }}
{%- endmacro %}

{% macro read_as(type, text) -%}
    {% if type == 'string' -%}
        {{ text }}
    {%- elif type == 'number' -%}
        {{ read_as_number(text) }}
    {%- elif type == 'integer' -%}
        {#- DuckDB alone would round 5.5, and read 0x1F and 1_000 -#}
        case
            when regexp_full_match({{ text }}, '\s*[+-]?\d+(\.0*)?\s*')
                then try_cast(regexp_extract({{ text }}, '[+-]?\d+') as bigint)
            when regexp_full_match({{ text }}, '[^e]*\de[^e]*', 'i') and {{ read_as_number(text) }} = trunc({{ read_as_number(text) }})
                then try_cast({{ read_as_number(text) }} as bigint)
        end
    {%- elif type == 'boolean' -%}
        case
            when regexp_full_match({{ text }}, '\s*(true|t|yes|y|1)\s*', 'i') then true
            when regexp_full_match({{ text }}, '\s*(false|f|no|n|0)\s*', 'i') then false
        end
    {%- elif type == 'date' -%}
        ({{ read_as_datetime(text) }})::date
    {%- else -%}
        {{ read_as_datetime(text) }}
    {%- endif -%}
{%- endmacro %}

{# Decimal digits, a point and an exponent, and what is neither NaN nor infinite. #}
{% macro read_as_number(text) -%}
    case
        when regexp_full_match({{ text }}, '\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*', 'i') and isfinite(try_cast({{ text }} as double))
            then try_cast({{ text }} as double)
    end
{%- endmacro %}

{# ISO 8601, in UTC: an offset is taken off, and without one the time is UTC, regardless of the
   session's zone. #}
{% macro read_as_datetime(text) -%}
    {% set offset = 'z|utc|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?' -%}
    {% set clock = '(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?' -%}
    {% set pattern = '^\s*(\d{4}-\d{2}-\d{2})(?:[t ](' ~ clock ~ ')\s*(' ~ offset ~ ')?)?\s*$' -%}
    {% set found = "regexp_extract(" ~ text ~ ", '" ~ pattern ~ "', ['day', 'clock', 'shift'], 'i')" -%}
    {% set iso -%}
        {{ found }}['day'] || 'T' || coalesce(nullif({{ found }}['clock'], ''), '00:00') || case
            when lower({{ found }}['shift']) in ('', 'z', 'utc') then '+00:00'
            when length({{ found }}['shift']) = 5 then left({{ found }}['shift'], 3) || ':' || substring({{ found }}['shift'], 4)
            else {{ found }}['shift']
        end
    {%- endset -%}
    {% set read = 'make_timestamp(epoch_us(try_cast(' ~ iso ~ ' as timestamptz)))' -%}
    case
        when {{ read }} >= timestamp '0001-01-01' and {{ read }} < timestamp '10000-01-01' then {{ read }}
    end
{%- endmacro %}

{# The aliases of those that have a text which can't be read as their type; null for none. #}
{% macro failed_casts(properties) -%}
    {% if properties -%}
        nullif(
            list_filter(
                [
                    {%- for property in properties %}
                        case when {{ property.alias }} is not null and ({{ typed(property) }}) is null
                            then '{{ property.alias }}' end{{ ',' if not loop.last }}
                    {%- endfor %}
                ],
                lambda alias: alias is not null
            ),
            []
        )
    {%- else -%}
        null::varchar[]
    {%- endif %}
{%- endmacro %}
