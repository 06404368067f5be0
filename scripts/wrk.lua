-- For wrk: requests with a method, a body, a token and changing paths, and a result that a
-- program can read.
--
--   wrk … -s scripts/wrk.lua URL -- METHOD PATH BODY TOKEN
--
-- `%d` in PATH becomes a number that changes with each request. BODY and TOKEN may be empty. Fields
-- given with `--header` are sent.

function init(args)
  method = args[1] or "GET"
  path = args[2] or wrk.path
  body = args[3]
  if body == "" then body = nil end
  headers = {}
  for name, value in pairs(wrk.headers) do headers[name] = value end
  if args[4] and args[4] ~= "" then headers["Authorization"] = "Bearer " .. args[4] end
  changing = path:find("%%d") ~= nil
  count = 0
  fixed = wrk.format(method, path, headers, body)
end

function request()
  if not changing then return fixed end
  count = count + 1
  return wrk.format(method, path:format(count % 10000), headers, body)
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    "result requests=%d duration_us=%d p50_us=%d p99_us=%d failed=%d\n",
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
