-- attack: a backward goto
-- allowed: cpu_limit
::again::
goto again
