-- attack: two gigabytes in one call
-- allowed: memory_limit
return ("x"):rep((1 << 31) - 64)
