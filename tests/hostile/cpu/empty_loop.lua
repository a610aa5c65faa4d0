-- attack: the simplest loop without an end
-- allowed: cpu_limit
while true do end
