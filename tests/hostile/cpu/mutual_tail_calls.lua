-- attack: two functions that tail-call each other through pcall-free closures
-- allowed: cpu_limit
local even, odd
function even(n) return odd(n + 1) end
function odd(n) return even(n + 1) end
even(0)
