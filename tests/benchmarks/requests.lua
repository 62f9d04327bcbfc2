-- wrk script: sends the requests of the file REQUESTS, drawn at random; each line is method, path, headers and body
-- between tabs, the headers as name=value between \1. DELAY: milliseconds to wait before each.
local requests = {}
function init()
  for line in io.lines(os.getenv("REQUESTS")) do
    local method, path, packed, body = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$")
    local headers = {}
    for name, value in packed:gmatch("([^=\1]+)=([^\1]*)") do headers[name] = value end
    requests[#requests + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
  end
  math.randomseed(7)
end
request = function() return requests[math.random(#requests)] end
local milliseconds = tonumber(os.getenv("DELAY") or "")
if milliseconds then delay = function() return milliseconds end end
