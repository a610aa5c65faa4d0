--- The progress: draws a bar on a terminal, or prints a line for each quarter elsewhere, and what others have to say.
local troupe = require "troupe"
local progress = troupe.actor "progress"

--- Names of files may hold anything; what is printed holds no control characters.
local function clean(text) return (text:gsub("[%z\1-\31\127]", "?")) end

function progress:init()
  self.terminal = troupe.call("console", {})
  self.quarters = 0 -- that have been printed
  troupe.every(100, function() self:look() end)
end

function progress:print(text)
  troupe.try_call("console", { text = text, newline = false }) -- when nobody is left to read, the audit goes on
end

function progress:look()
  local scanner = troupe.whereis "scanner"
  local now = not self.closed and scanner and scanner:try_ask "progress"
  if not now or now.total == 0 then return end
  local quarters = now.part * 4 // 1
  if self.terminal.tty then
    local width = math.max(10, math.min(60, self.terminal.columns - 40))
    local full = math.floor(width * now.part)
    local bar = ("#"):rep(full) .. ("."):rep(width - full)
    self:print(("\r[%s] %d of %d changelogs"):format(bar, now.done, now.total))
  elseif quarters > self.quarters then
    self:print(("%d of %d changelogs\n"):format(now.done, now.total))
    self.quarters = quarters
  end
end

--- Prints a line; above the bar if there is one.
function progress.on:say(line) self:print((self.terminal.tty and "\r\27[K" or "") .. clean(line) .. "\n") end

--- Draws the end, prints the last lines, and answers when they are out.
function progress.on:close(lines)
  self:look()
  self.closed = true
  local text = { self.terminal.tty and "\n" or "" }
  for i, line in ipairs(lines) do text[i + 1] = clean(line) .. "\n" end
  self:print(table.concat(text))
end

return progress
