-- attack: joining 2^60 empty strings
-- allowed: cpu_limit
return table.concat(setmetatable({}, {
  __len = function() return 1 << 60 end,
  __index = function() return "" end,
}))
