-- attack: packing and unpacking as many values as the stack takes
-- allowed: cpu_limit memory_limit
while true do
  local t = table.pack(table.unpack({}, 1, 100000))
  assert(t.n == 100000)
end
