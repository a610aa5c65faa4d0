-- attack: protected calls that fail as fast as they can
-- allowed: cpu_limit
while true do pcall(error) end
