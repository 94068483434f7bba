# SPDX-License-Identifier: Apache-2.0
"""httpbin, an application that knows nothing of us, under the recorder ($FMD_DIR)."""
from httpbin import app

import fmd_record

fmd_record.bind(app)

ENDPOINTS = {
    "/get": "GET /get",
    "HEAD:/get": "HEAD /get",
    "OPTIONS:/get": "OPTIONS /get",
    "POST:/get": "(unmatched)",
    "POST:/post": "POST /post",
    "PUT:/put": "PUT /put",
    "DELETE:/delete": "DELETE /delete",
    "PATCH:/anything/a/b": "PATCH /anything/<path:anything>",
    "/headers": "GET /headers",
    "/status/204": "GET /status/<codes>",
    "/status/418": "GET /status/<codes>",
    "/status/500": "GET /status/<codes>",
    "/basic-auth/a/b": "GET /basic-auth/<user>/<passwd>",
    "/redirect-to?url=/get": "GET /redirect-to",
    "/cookies/set?a=b": "GET /cookies/set",
    "/gzip": "GET /gzip",
    "/stream/5": "GET /stream/<int:n>",
    "/stream-bytes/5000": "GET /stream-bytes/<int:n>",
    "/bytes/1000": "GET /bytes/<int:n>",
    "/range/2000": "GET /range/<int:numbytes>",
    "/drip?duration=0.02&numbytes=2&delay=0": "GET /drip",
    "/delay/0.01": "GET /delay/<delay>",
    "/cache/60": "GET /cache/<int:value>",
    "/etag/x": "GET /etag/<etag>",
    "/html": "GET /html",
    "/image/png": "GET /image/png",
    "/no-such-page": "(unmatched)",
}
