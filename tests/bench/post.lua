-- wrk: POST the OCSP request in the file that $BODY names
local f = assert(io.open(os.getenv("BODY"), "rb"))
wrk.method = "POST"
wrk.body = f:read("*a")
wrk.headers["Content-Type"] = "application/ocsp-request"
f:close()
