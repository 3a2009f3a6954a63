"""Answers every message.

Start: GATEWAY_URL=https://… GATEWAY_API_KEY=sk_live_… WEBHOOK_SECRET=whsec_… python3 auto_reply.py [PORT]
"""

import json
import os
import sys
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "webhooks"))
from verify import is_from_cetar


def reply(event: dict, text: str, webhook_id: str) -> None:
    """Sends a text. The same webhook can come twice: under its id, the second time sends nothing."""
    message = {
        "channel": event["channel"],
        "session_id": event["session_id"],
        "to": event["data"]["from"],
        "type": "text",
        "content": {"text": text},
    }
    headers = {
        "Authorization": "Bearer " + os.environ["GATEWAY_API_KEY"],
        "Content-Type": "application/json",
        "Idempotency-Key": webhook_id,
    }
    request = urllib.request.Request(os.environ["GATEWAY_URL"] + "/v1/messages", json.dumps(message).encode(), headers)
    try:
        urllib.request.urlopen(request, timeout=10).close()
    except urllib.error.HTTPError as refusal:
        # 422: it cannot be sent, or was, in other words. To come again would not help.
        if refusal.code != 422:
            raise


def handle(event: dict, webhook_id: str) -> None:
    data = event["data"]
    if event["event"] == "message.received" and data["type"] == "text":
        name = data["sender_name"] or "Kak"
        reply(event, f"Halo {name}, pesan Anda sudah kami terima.", webhook_id)


class Webhook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status = 401
        if is_from_cetar(os.environ["WEBHOOK_SECRET"], headers, body):
            try:
                handle(json.loads(body), headers["webhook-id"])
                status = 204
            except OSError:  # It could not be sent: on 503, Cetar comes again.
                status = 503
        self.send_response(status)
        self.end_headers()


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    ThreadingHTTPServer(("127.0.0.1", port), Webhook).serve_forever()
