-- wrk's requests: the lines "METHOD PATH [BODY]" of a file, round and round or once each. Where they
-- end before the time, "sent" exceeds their number and the rest of the time is spent on nothing.
-- Arguments after "--": the file, and "once" or "ever".

local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
end

function init(args)
  requests, turn, good, bad, first_bad, once = {}, 0, 0, 0, "", args[2] == "once"
  for line in io.lines(args[1]) do
    local method, path, body = line:match("^(%S+) (%S+) ?(.*)$")
    if body == "" then body = nil end
    requests[#requests + 1] = wrk.format(method, path, nil, body)
  end
  nothing = wrk.format("GET", "/there-is-nothing-here")
end

function request()
  turn = turn + 1
  if turn > #requests then
    if once then return nothing end
    turn = 1
  end
  return requests[turn]
end

function response(status, headers, body)
  if status >= 200 and status < 300 then
    good = good + 1
  elseif turn <= #requests then
    bad = bad + 1
    if first_bad == "" then first_bad = status .. " " .. body:gsub("[\"%c\\]", " "):sub(1, 300) end
  end
end

function done(summary, latency, _)
  local good, bad, sent, first_bad = 0, 0, 0, ""
  for _, thread in ipairs(threads) do
    good, bad = good + thread:get("good"), bad + thread:get("bad")
    sent, first_bad = sent + thread:get("turn"), thread:get("first_bad")
  end
  local errors = summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format(
    '\nresult {"good": %d, "bad": %d, "sent": %d, "first_bad": "%s", "errors": %d, "seconds": %f, "p50": %f, "p95": %f}\n',
    good, bad, sent, first_bad, errors, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3))
end
