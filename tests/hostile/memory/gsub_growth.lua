-- attack: each letter becomes ten thousand
-- allowed: memory_limit
-- limits: cpu_ms_per_message=5000
return (("x"):rep(10000):gsub("x", ("y"):rep(10000)))
