-- attack: 2^62 empty separators between empty strings
-- allowed: cpu_limit
return string.rep("", 1 << 62, "")
