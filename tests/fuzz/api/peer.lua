-- Whom the driver talks to: answers in every way there is, by the kind of message.
local troupe = require "troupe"
local peer = troupe.actor("peer", { reentrant = true })
local kept

local ways = {
  ping = function(_, ...) return ... end,
  tell = function(_, ...) troupe.from():tell("down", ...) end,
  ask = function(_, ...) return (troupe.from():ask("ping", ...)) end,
  stop = function() kept = troupe.reply_later() end,
  kill = function() error { code = "peer", message = "as asked" } end,
  down = function(_, v)
    if kept then return kept:reply(v) end
    troupe.sleep(2)
  end,
}

setmetatable(peer.on, { __index = function(_, kind) return ways[kind] end })
return peer
