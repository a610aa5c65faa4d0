-- attack: every function of the runtime and the libraries with pairs of values it does not expect
-- allowed: normal
-- grants: spawn=3 names=sink tools=echo
-- limits: memory_bytes=67108864 cpu_ms_per_message=20000
local troupe = require "troupe"
local me = troupe.self():with { timeout_ms = 1, wait_ms = 0 }
local timer, monitor = troupe.after(60000, print), me:monitor()
local skip = { exit = true, restart = true, receive = true, sleep = true, print = true, rep = true, spawn = true,
               try_spawn = true, every = true, after = true }
local junk = { false, 0 / 0, -1, math.maxinteger, 1e308, "", "\0x", {}, print, coroutine.create(print), me, timer,
               setmetatable({}, { __index = function() return 1 end, __len = function() return -5 end }) }
junk[#junk + 1] = nil
local function try(f)
  pcall(f)
  for _, a in ipairs(junk) do
    pcall(f, a)
    for _, b in ipairs(junk) do
      pcall(f, a, b)
      pcall(f, a, b, a)
    end
  end
end
for _, lib in ipairs { string, math, utf8, os, debug, table } do
  for name, f in pairs(lib) do
    if type(f) == "function" and not skip[name] then try(f) end
  end
end
for _, name in ipairs { "actor", "whereis", "self", "from", "array", "now_ms", "stats", "reply_later", "forward", "call", "try_call" } do
  try(troupe[name])
end
for _, f in ipairs { me.tell, me.ask, me.try_ask, me.with, me.restrict, me.monitor, me.stop, me.kill, timer.cancel, monitor.cancel,
                     troupe.json.decode, troupe.json.encode, troupe.json.try_decode, troupe.json.try_encode, troupe.log.info,
                     getmetatable, ipairs, next, pairs, rawequal, rawget, rawlen, rawset, select, setmetatable, tonumber, tostring,
                     type, collectgarbage, load, require, xpcall, assert, coroutine.create, coroutine.wrap, coroutine.status } do
  try(f)
end
