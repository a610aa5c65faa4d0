-- attack: a restart asked for in the main chunk, again in each generation
-- allowed: restart_requested
(require "troupe").restart(("again\n"):rep(10000))
