-- noqa: disable=layout.indent,layout.long_lines
{# The lower or upper end of the interval in which a share lies with 95 % confidence, by Wilson's
   score method: it stays within 0 and 1, and holds for few trials, too. #}
{% macro wilson_bound(successes, trials, sign) -%}
    {%- set z2 = 1.959963984540054 ** 2 -%}
    {%- set share = '(' ~ successes ~ ' / ' ~ trials ~ '::double)' -%}
    least(greatest((
        {{ share }} + {{ z2 / 2 }} / {{ trials }}
        {{ sign }} 1.959963984540054 * pow({{ share }} * (1 - {{ share }}) / {{ trials }} + {{ z2 / 4 }} / pow({{ trials }}, 2), 0.5)
    ) / (1 + {{ z2 }} / {{ trials }}), 0), 1)
{%- endmacro %}

{# How many standard errors two shares differ by, with the share of both together: the two-proportion
   z-test. Null if there is no other trial, or all of both succeeded or failed. #}
{% macro two_proportion_z(successes, trials, other_successes, other_trials) -%}
    {%- set pooled = '((' ~ successes ~ ' + ' ~ other_successes ~ ') / (' ~ trials ~ ' + ' ~ other_trials ~ ')::double)' -%}
    (
        {{ successes }} / {{ trials }}::double - {{ other_successes }} / nullif({{ other_trials }}, 0)::double
    ) / nullif(
        pow({{ pooled }} * (1 - {{ pooled }}) * (1 / {{ trials }}::double + 1 / nullif({{ other_trials }}, 0)::double), 0.5), 0
    )
{%- endmacro %}

{# The probability that a standard normal number is at least so far from 0 as `z`: the p-value of a
   two-sided test. The polynomial is that of "Numerical Recipes", erfcc; its relative error is below
   1.2e-7. #}
{% macro two_sided_p(z) -%}
    {%- set x = '(abs(' ~ z ~ ') / 1.4142135623730951)' -%}
    {%- set t = '(1 / (1 + 0.5 * ' ~ x ~ '))' -%}
    {%- set coefficients = [
        0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368,
        -1.26551223,
    ] -%}
    {%- set polynomial = namespace(sql='0') -%}
    {%- for coefficient in coefficients -%}
        {%- set polynomial.sql = '(' ~ polynomial.sql ~ ' * ' ~ t ~ ' + ' ~ coefficient ~ ')' -%}
    {%- endfor -%}
    least({{ t }} * pow(2.718281828459045, -{{ x }} * {{ x }} + {{ polynomial.sql }}), 1)
{%- endmacro %}

{# The normal deviation that is as improbable as `t` of a t distribution: Wallace's approximation. #}
{% macro normal_of_t(t, degrees) -%}
    (8 * ({{ degrees }})::double + 1) / (8 * ({{ degrees }})::double + 3)
    * pow({{ degrees }} * ln(1 + {{ t }} * {{ t }} / {{ degrees }}), 0.5)
{%- endmacro %}

{# The quantile of a t distribution that bounds the middle 95 %: the expansion of Cornish and
   Fisher about the normal one. From 5 degrees on, the first three digits are right. #}
{% macro t_of_95_percent(degrees) -%}
    (
        1.959963984540054
        + 2.3722712 / {{ degrees }}
        + 2.8224986 / pow({{ degrees }}, 2)
        + 2.5558497 / pow({{ degrees }}, 3)
        + 1.5895341 / pow({{ degrees }}, 4)
    )
{%- endmacro %}

{# The probability of a chi-squared of at least `statistic`, exact for up to 20 degrees of freedom. #}
{% macro chi_squared_p(statistic, degrees) -%}
    {% set half = '(' ~ statistic ~ ' / 2)' -%}
    case
        when {{ statistic }} is null or {{ degrees }} < 1 or {{ degrees }} > 20 then null
        when {{ degrees }} % 2 = 0
            then pow(2.718281828459045, -{{ half }}) * (
                1
                {%- set even = namespace(factor=1.0) -%}
                {%- for i in range(1, 10) %}
                    {%- set even.factor = even.factor * i %}
                    + case when {{ degrees }} > {{ 2 * i }} then pow({{ half }}, {{ i }}) / {{ even.factor }} else 0 end
                {%- endfor %}
            )
        else
            {{ two_sided_p('pow(' ~ statistic ~ ', 0.5)') }}
            + 0.7978845608028654 * pow(2.718281828459045, -{{ half }}) * (
                0
                {%- set odd = namespace(factor=1.0) -%}
                {%- for i in range(1, 10) %}
                    {%- set odd.factor = odd.factor * (2 * i - 1) %}
                    + case when {{ degrees }} > {{ 2 * i }} then pow({{ statistic }}, {{ i - 0.5 }}) / {{ odd.factor }} else 0 end
                {%- endfor %}
            )
    end
{%- endmacro %}
