-- attack: dates that do not exist, formats that are cut, tables that lie
-- allowed: normal
-- limits: cpu_ms_per_message=2000
for c = 0, 255 do pcall(os.date, "%" .. string.char(c), 0) end
for _, format in ipairs { "%", "%E", "%O", "%Ez", "!%", "!*t", "*t", "*tx", "", "\0%Y", ("%Y"):rep(10000) } do pcall(os.date, format, 0) end
for _, t in ipairs { math.mininteger, math.maxinteger, -1, 0, 1 << 56, -(1 << 56), 67767976233532799, -67768040609740800 } do
  pcall(os.date, "*t", t) pcall(os.date, "%c", t) pcall(os.difftime, t, -t)
end
local junk = { math.maxinteger, math.mininteger, 1.5, "x", {}, 2147483647, -2147483647, 1e300 }
for _, key in ipairs { "year", "month", "day", "hour", "min", "sec", "isdst" } do
  for _, x in ipairs(junk) do
    local t = { year = 2020, month = 1, day = 1 }
    t[key] = x
    pcall(os.time, t)
  end
end
pcall(os.time, setmetatable({}, { __index = function() return 1 end }))
assert(not pcall(os.time, {}) and not pcall(os.time, 1) and os.clock() >= 0 and not pcall(os.difftime))
