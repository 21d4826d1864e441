-- For wrk: asks for the addresses of a list in order, again and again, and times whole rounds of it.
-- Arguments: the file of the list (address, or address, tab, ETag), connections, the least seconds.
local ffi = require('ffi')
ffi.cdef [[
  typedef struct { long seconds; long nanoseconds; } timespec_t;
  int clock_gettime(int clock, timespec_t *time);
  int getpid(void);
  int kill(int pid, int sign);
]]
local MONOTONIC, INTERRUPT = 1, 2
local moment = ffi.new('timespec_t')

local function now()
  ffi.C.clock_gettime(MONOTONIC, moment)
  return tonumber(moment.seconds) + tonumber(moment.nanoseconds) * 1e-9
end

local threads = {}
function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  messages = {}
  for line in io.lines(arguments[1]) do
    local path, etag = line:match('^([^\t]+)\t?(.*)$')
    local headers = { ['Accept'] = 'image/*,*/*;q=0.8' }
    if etag ~= '' then headers['If-None-Match'] = etag end
    table.insert(messages, wrk.format('GET', path, headers))
  end
  -- From here on each request is asked when another is answered.
  first = tonumber(arguments[2]) + 2
  least = tonumber(arguments[3])
  asked, began, served, elapsed = 0, 0, 0, 0
end

function request()
  asked = asked + 1
  if asked == first then
    began = now()
  elseif elapsed == 0 and asked > first and (asked - first) % #messages == 0 then
    local passed = now() - began
    if passed >= least then
      served, elapsed = asked - first, passed
      ffi.C.kill(ffi.C.getpid(), INTERRUPT)
    end
  end
  return messages[(asked - 1) % #messages + 1]
end

function done(summary, latency, requests)
  local failed = summary.errors
  print(string.format(
    'RESULT {"served": %d, "seconds": %.6f, "p50": %.3f, "p99": %.3f, "bytes": %.1f, '
    .. '"asked": %d, "failed": %d}',
    threads[1]:get('served'), threads[1]:get('elapsed'),
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    summary.bytes / math.max(1, summary.requests), summary.requests,
    failed.status + failed.connect + failed.read + failed.write + failed.timeout))
end
