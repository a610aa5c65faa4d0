-- Four actors that never stop, and one that wants an answer every millisecond: troupe run app.lua [burners] [seconds]
local troupe = require "troupe"
local burners, seconds = ...
local children = {
  { id = "echo", name = "echo", script = "echo.lua" },
  { id = "pinger", script = "pinger.lua", args = tonumber(seconds or 3), restart = "temporary", significant = true,
    permissions = { names = { "echo" } } },
}
for i = 1, tonumber(burners or 4) do
  children[#children + 1] = { id = "burner" .. i, script = "burner.lua", shutdown_ms = 1, limits = { cpu_ms_per_message = 600000 } }
end
return troupe.app { auto_shutdown = "any_significant", children = children }
