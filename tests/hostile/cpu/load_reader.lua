-- attack: a reader function for load that never returns
-- allowed: cpu_limit
load(function() while true do end end)
