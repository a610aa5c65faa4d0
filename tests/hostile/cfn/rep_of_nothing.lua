-- attack: 2^62 repetitions of the empty string, in one C call
-- allowed: cpu_limit
return (""):rep(1 << 62)
