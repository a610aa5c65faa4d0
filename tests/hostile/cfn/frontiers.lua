-- attack: frontier patterns tried at each position against each rest
-- allowed: cpu_limit
return (" a"):rep(100000):find "%f[%w].*%f[%W].*%f[%w].*!"
