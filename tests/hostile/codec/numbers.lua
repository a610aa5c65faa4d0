-- attack: numbers on every edge
-- allowed: normal
local troupe = require "troupe"
local me = troupe.self()
local numbers = { 0, -0.0, 1 / 0, -1 / 0, 0 / 0, math.mininteger, math.maxinteger, 2 ^ 53, 2 ^ 63, -2 ^ 63, 5e-324, 1e308,
                  127, 128, -32, -33, 255, 256, -128, -129, 65535, 65536, 2147483647, -2147483649, 4294967295, 4294967296 }
me:tell("x", table.unpack(numbers))
local msg = troupe.receive { timeout_ms = 1000 }
for i, n in ipairs(numbers) do
  assert(math.type(msg[i]) == math.type(n) and (msg[i] == n or n ~= n), n)
end
