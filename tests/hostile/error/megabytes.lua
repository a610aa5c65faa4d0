-- attack: an error message of a megabyte with control characters
-- allowed: init_failed
error(("line\n\27[31m\0"):rep(100000))
