-- Cycles of actors that wait for one another are refused at once; nothing else is.
local troupe = require "troupe"

local node = [[
  local troupe = require "troupe"
  local a = troupe.actor "node"
  a.reentrant = troupe.args.reentrant
  -- the path that the question still has to take
  function a.on:pass(path)
    local next = table.remove(path, 1)
    if not next then return "end" end
    local v, e = next:try_ask("pass", path)
    return v or e.code
  end
  function a.on:nothing() end
  function a.on:wait(other) return other:ask("later", troupe.self()) end
  function a.on:later(other) self.handle = troupe.reply_later() self.other = other end
  function a.on:settle()
    self.handle:reply "settled"
    local v, e = self.other:try_ask("pass", {})
    return v or e.code
  end
  return a]]
local function new(reentrant, mailbox)
  return troupe.spawn { source = node, args = { reentrant = reentrant }, mailbox = mailbox }
end

-- to oneself, there and back, in rings; each within no time, though an ask has 30 s
local a, b, c = new(), new(), new()
local began = troupe.now_ms()
assert(a:ask("pass", { a }) == "would_deadlock")
assert(a:ask("pass", { b, a }) == "would_deadlock")
assert(a:ask("pass", { b, c, a }) == "would_deadlock")
assert(a:ask("pass", { b, c, b }) == "would_deadlock")
local ring = {}
for i = 1, 60 do ring[i] = new() end
ring[61] = ring[1]
assert(a:ask("pass", ring) == "would_deadlock")
ring[61] = nil
assert(a:ask("pass", ring) == "end")
assert(troupe.now_ms() - began < 25000)

-- who handles messages meanwhile is no part of a cycle
local free = new(true)
assert(free:ask("pass", { a, b, free }) == "end")
assert(free:ask("pass", { free }) == "end")

-- a process that waits takes no messages; one with timers or in receive does
local function process(body)
  return troupe.spawn { source = "local troupe = require 'troupe' local msg = troupe.receive { kinds = { 'go' } } " .. body }
end
local ask_back = "local me = troupe.self() local v, e = msg[1]:try_ask('pass', { me }) msg:reply(v or e.code)"
local p = process(ask_back)
assert(p:ask("go", a) == "would_deadlock")
p = process("troupe.after(0, function() troupe.sleep(50) troupe.receive { kinds = { 'pass' } }:reply 'in time' end) troupe.sleep(10) " .. ask_back)
assert(p:ask("go", a) == "in time")

-- room in the mailbox of one that waits for us is none
local small = new(false, { messages = 2 })
local v = troupe.spawn { args = { small = small }, source = [[
  local troupe = require "troupe"
  local small = troupe.args.small
  local msg = troupe.receive { kinds = { "go" } }
  local first = troupe.receive { kinds = { "pass" } } -- small waits for this
  local sent, why
  for _ = 1, 5 do sent, why = small:tell "nothing" end
  first:reply "done"
  msg:reply(why)]] }
troupe.after(0, function() small:try_ask("pass", { v }) end)
assert(v:ask "go" == "would_deadlock")

-- what is answered is no wait any more
local settler, asker = new(), new()
local answer
troupe.after(0, function() answer = asker:ask("wait", settler) end)
troupe.sleep(10)
assert(settler:ask "settle" == "end")
for _ = 1, 1000 do
  if answer then break end
  troupe.sleep(5)
end
assert(answer == "settled")
