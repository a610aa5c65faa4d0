-- attack: more monitors of one actor than there may be
-- allowed: normal
-- grants: names=sink
-- limits: cpu_ms_per_message=2000
local sink = (require "troupe").whereis "sink"
local all = {}
while true do
  local ok, m = pcall(sink.monitor, sink)
  if not ok then
    assert(m.code == "limit", tostring(m))
    break
  end
  all[#all + 1] = m
end
assert(#all == 1000, #all)
for _, m in ipairs(all) do assert(m:cancel() and not m:cancel()) end
