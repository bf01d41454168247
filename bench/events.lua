-- SPDX-License-Identifier: MIT
-- bench/events.lua: events for wrk. Everything is prepared in init; per request it picks the next one.
--
--   BENCH_PATH    where to post
--   BENCH_PEOPLE  how many contacts the bodies are about (10000), and how many bodies are prepared
--   BENCH_SIZE    bytes of a body (1024)
--   BENCH_HEADER  a header that gets a fresh value with each request: "Idempotency-Key"
--   BENCH_SEED    makes those values differ between runs
--   BENCH_DELAY   the share of requests that wait 2 ms first: a gentler load (0)
--   BENCH_CONTENT_TYPE, BENCH_EMAIL   other than application/json, person%d@example.org

local requests = {}
local heads = {}
local tails = {}
local at = 0
local count = tonumber(os.getenv("BENCH_PEOPLE") or "10000")
local header = os.getenv("BENCH_HEADER")
local seed = os.getenv("BENCH_SEED") or "0"
local share = tonumber(os.getenv("BENCH_DELAY") or "0")

local function body(i, size)
    local email = string.format(os.getenv("BENCH_EMAIL") or "person%d@example.org", i)
    local first = string.format('{"email":"%s","n":%d,"total":149.95,"currency":"EUR","status":"paid","items":"2 x shoe, 1 x sock","pad":"', email, i)
    return first .. string.rep("p", size - #first - 2) .. '"}'
end

function init(args)
    local path = os.getenv("BENCH_PATH") or "/"
    local size = tonumber(os.getenv("BENCH_SIZE") or "1024")
    local prepared = math.min(count, 100000)
    local headers = { ["Content-Type"] = os.getenv("BENCH_CONTENT_TYPE") or "application/json" }
    for i = 1, prepared do
        local one = wrk.format("POST", path, headers, body(i - 1, size))
        if header then
            local line_end = string.find(one, "\r\n", 1, true)
            heads[i] = string.sub(one, 1, line_end + 1) .. header .. ": " .. seed .. "-"
            tails[i] = string.sub(one, line_end)
        else
            requests[i] = one
        end
    end
    count = prepared
end

local function plain()
    at = at % count + 1
    return requests[at]
end

local total = 0
local function fresh()
    total = total + 1
    at = at % count + 1
    return heads[at] .. total .. tails[at]
end

request = header and fresh or plain

if share > 0 then
    function delay()
        return math.random() < share and 2 or 0
    end
end

function done(summary, latency, requests)
    io.write(string.format(
        'RESULT {"requests":%d,"micros":%d,"bytes":%d,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d,"p50":%d,"p90":%d,"p99":%d,"p999":%d,"max":%d}\n',
        summary.requests, summary.duration, summary.bytes, summary.errors.connect, summary.errors.read, summary.errors.write,
        summary.errors.status, summary.errors.timeout, latency:percentile(50), latency:percentile(90), latency:percentile(99), latency:percentile(99.9), latency.max))
end
