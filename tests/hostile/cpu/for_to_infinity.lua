-- attack: a numeric loop that counts to infinity
-- allowed: cpu_limit
for _ = 1.0, math.huge do end
