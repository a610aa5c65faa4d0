-- attack: stopping and tuning the collector, and full collections in a loop
-- allowed: normal
for _, what in ipairs { "collect", "stop", "restart", "step", "setpause", "setstepmul",
                        "incremental", "generational", "isrunning", "", "nonsense" } do
  assert(not pcall(collectgarbage, what, 1, 1))
end
assert(not pcall(collectgarbage))
assert(collectgarbage "count" > 0)
