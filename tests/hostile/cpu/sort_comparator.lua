-- attack: a comparator without an end, called from C
-- allowed: cpu_limit
table.sort({ 3, 2, 1 }, function() while true do end end)
