-- attack: a short JSON text that would become more tables than fit is refused before it is built
-- allowed: init_failed
-- limits: cpu_ms_per_message=5000
-- expect: no memory is left
local json = require "troupe.json"
return json.decode("[" .. ("[],"):rep(300000) .. "[]]")
