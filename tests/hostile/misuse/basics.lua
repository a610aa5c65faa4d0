-- attack: the basic functions with too few, too many and wrong arguments
-- allowed: normal
-- limits: cpu_ms_per_message=2000
for _, f in ipairs { getmetatable, ipairs, next, pairs, rawequal, rawget, rawlen, rawset, select, setmetatable, tonumber, tostring, type, xpcall, pcall,
                     error, assert, load, require, collectgarbage } do assert(not pcall(f)) end
assert(not pcall(next, {}, "no such key") and not pcall(next, 1) and not pcall(rawset, {}, nil, 1) and not pcall(rawset, {}, 0 / 0, 1))
assert(not pcall(select, 0) and not pcall(select, -1) and not pcall(select, math.mininteger, 1) and select(math.maxinteger, 1) == nil)
assert(not pcall(rawlen, 1) and not pcall(rawget, 1, 1) and rawequal({}, {}) == false and not pcall(setmetatable, 1, {}))
assert(not pcall(setmetatable, {}) and not pcall(setmetatable, {}, 1) and not pcall(xpcall, print))
assert(type(_VERSION) == "string" and rawget(_G, "_G") == _G)
local t = {}
for i = 1, 1000 do t[i] = i end
for k in pairs(t) do t[k] = nil t[k + 5000] = nil end
pcall(function() for k in pairs(t) do t[k .. "x"] = 1 end end)
local p = setmetatable({}, { __pairs = function() return 1, 2, 3 end })
pcall(function() for _ in pairs(p) do end end)
assert(setmetatable({}, { __metatable = false }) and getmetatable(setmetatable({}, { __metatable = 5 })) == 5)
