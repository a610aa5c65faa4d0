-- attack: the message handler of xpcall never returns
-- allowed: cpu_limit
xpcall(error, function() while true do end end)
