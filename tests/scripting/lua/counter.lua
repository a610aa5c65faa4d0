-- The counter of the design, with handlers for the tests around it.
local troupe = require "troupe"
local counter = troupe.actor "counter"
local loads = 0

function counter:init(args)
  loads = loads + 1
  if args and args.fail then error(args.fail) end
  if args and args.wait_ms then troupe.sleep(args.wait_ms) end
  if args and args.exit then troupe.exit(args.exit) end
  self.n = args and args.start or 0
end
function counter.on:add(k) self.n = self.n + k; return self.n end
function counter.on:get() return self.n, "a second value is not sent" end
function counter.on:loads() return loads end
function counter.on:quit(reason) troupe.exit(reason or "shutdown") end
function counter.on:fail(e) error(e) end
function counter.on:slow(ms, v) troupe.sleep(ms); return v end
function counter.on:from() return troupe.from() end
function counter.on:ask(ref, ...) return ref:ask(...) end
function counter.on:echo(...) return { n = select("#", ...), ... } end
function counter.on:big(n) return ("x"):rep(n) end
function counter.on:bad() return print end
return counter
