-- attack: an iterator whose single step never ends
-- allowed: cpu_limit
for _ in ("x"):rep(20000):gmatch "(.-)(.-)(.-)(.-)y" do end
