-- attack: JSON to and fro without an end
-- allowed: cpu_limit
local json = require "troupe.json"
local value = {}
for i = 1, 1000 do value[i] = { name = "x" .. i, list = { i, i + 0.5, true } } end
while true do json.decode(json.encode(value)) end
