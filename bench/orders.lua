-- SPDX-License-Identifier: MIT
-- bench/orders.lua: postbacks for wrk, each of an order of its own, as a form of the guide's 25 keys.
--
--   BENCH_PATH    where to post
--   BENCH_PEOPLE  how many customers they are of (10000)
--   BENCH_SECRET  the plugin's
--   BENCH_SEED    up to six digits that the orders' numbers begin with: other ones for each run

local heads = {}
local at = 0
local count = tonumber(os.getenv("BENCH_PEOPLE") or "10000")
local seed = os.getenv("BENCH_SEED") or "1"
local digits = 8

local function body(i)
    return string.format("country=US&product1_qty=2&state=NY&product1_sku=neuro-1&shipAddress2=&address2=Apt+%d&firstName=Ann&shipState=NJ" ..
        "&phoneNumber=%%2B1+555+%d&customerType=SALE&shipCountry=US&product1_name=Neuro+%%26+Co&orderStatus=COMPLETE&postalCode=12207" ..
        "&product1_price=94.00&shipAddress1=9+Dock+Rd&city=Albany&lastName=Lee%d&shipCity=Troy&address1=1+Main+St" ..
        "&emailAddress=person%d%%40example.org&shipPostalCode=07001&orderId=%s%s", i, i, i, i, seed, string.rep("0", digits))
end

function init(args)
    local headers = { ["Content-Type"] = "application/x-www-form-urlencoded", ["X-Webhook-Secret"] = os.getenv("BENCH_SECRET") }
    for i = 1, count do
        local one = wrk.format("POST", os.getenv("BENCH_PATH") or "/", headers, body(i - 1))
        heads[i] = string.sub(one, 1, -digits - 1)
    end
end

local total = 0
function request()
    total = total + 1
    at = at % count + 1
    return heads[at] .. string.format("%08d", total)
end

function done(summary, latency, requests)
    io.write(string.format(
        'RESULT {"requests":%d,"micros":%d,"bytes":%d,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d,"p50":%d,"p90":%d,"p99":%d,"p999":%d,"max":%d}\n',
        summary.requests, summary.duration, summary.bytes, summary.errors.connect, summary.errors.read, summary.errors.write,
        summary.errors.status, summary.errors.timeout, latency:percentile(50), latency:percentile(90), latency:percentile(99), latency:percentile(99.9), latency.max))
end
