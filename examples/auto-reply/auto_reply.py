"""Answers every text.

Start: WEBHOOK_SECRET=whsec_… python3 auto_reply.py [PORT]
The endpoint is added with --replies, so that Cetar sends what is answered here, once.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "webhooks"))
from verify import is_from_cetar


def answer(event: dict) -> dict:
    data = event["data"]
    if event["event"] != "message.received" or data["type"] != "text":
        return {}
    name = data["sender_name"] or "Kak"
    return {"reply": {"type": "text", "content": {"text": f"Halo {name}, pesan Anda sudah kami terima."}}}


class Webhook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        genuine = is_from_cetar(os.environ["WEBHOOK_SECRET"], headers, body)
        self.send_response(200 if genuine else 401)
        self.end_headers()
        if genuine:
            self.wfile.write(json.dumps(answer(json.loads(body))).encode())


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    ThreadingHTTPServer(("127.0.0.1", port), Webhook).serve_forever()
