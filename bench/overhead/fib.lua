-- Calls of a global-free recursive function.
local function fib(n) return n < 2 and n or fib(n - 1) + fib(n - 2) end
assert(fib(35) == 9227465)
