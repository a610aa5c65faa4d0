-- attack: a reader function that loads, with a reader function that loads
-- allowed: normal
-- limits: cpu_ms_per_message=2000
local function reader() return load(reader) and "" end
local ok, e = pcall(load, reader)
assert(not ok or e, e)
