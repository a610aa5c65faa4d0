-- attack: a generic for whose iterator does not return
-- allowed: cpu_limit
for _ in function() while true do end end do end
