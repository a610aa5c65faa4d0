-- attack: modules that require themselves, return nothing, fail and wait
-- allowed: normal
-- grants: fs=rw
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
local dir = troupe.args.dir
local function module(name, text) troupe.call("fs.write", { path = dir .. "/" .. name .. ".lua", data = text }) end
module("ring_a", "return require 'ring_b'")
module("ring_b", "return require 'ring_a'")
module("fails", "error(setmetatable({}, { __tostring = error }))")
module("syntax", "return return")
module("binary", "\27Lua")
module("nothing", "")
module("waits", "require 'troupe'.sleep(1) return { 1 }")
module("names", "return ...")
module("exits", "return function() return _ENV == _G end")
for _, name in ipairs { "ring_a", "fails", "syntax", "binary" } do
  assert(not pcall(require, name) and not pcall(require, name), name)
end
assert(require "nothing" == true and require "waits"[1] == 1 and require "waits" == require "waits")
assert(require "names" == "names" and require "exits"())
