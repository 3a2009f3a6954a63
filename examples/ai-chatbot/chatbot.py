"""Lets a language model answer, over any endpoint that speaks OpenAI's chat completions.

Start: GATEWAY_URL=https://… GATEWAY_API_KEY=sk_live_… WEBHOOK_SECRET=whsec_… OPENAI_BASE_URL=https://…/v1 OPENAI_API_KEY=… \
    OPENAI_MODEL=… python3 chatbot.py [PORT]
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


INSTRUCTION = "Anda adalah asisten toko kami di WhatsApp. Jawab singkat dan sopan, dalam bahasa pelanggan."


def ask_model(question: str) -> str:
    messages = [{"role": "system", "content": INSTRUCTION}, {"role": "user", "content": question}]
    request = urllib.request.Request(
        os.environ["OPENAI_BASE_URL"] + "/chat/completions",
        json.dumps({"model": os.environ["OPENAI_MODEL"], "messages": messages}).encode(),
        {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"], "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:  # Cetar waits for 15 seconds in all.
        return json.load(response)["choices"][0]["message"]["content"]


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
        urllib.request.urlopen(request, timeout=3).close()
    except urllib.error.HTTPError as refusal:
        # 422: it cannot be sent, or was, in other words. To come again would not help.
        if refusal.code != 422:
            raise


def handle(event: dict, webhook_id: str) -> None:
    data = event["data"]
    if event["event"] == "message.received" and data["type"] == "text":
        reply(event, ask_model(data["text"]), webhook_id)


class Webhook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status = 401
        if is_from_cetar(os.environ["WEBHOOK_SECRET"], headers, body):
            try:
                handle(json.loads(body), headers["webhook-id"])
                status = 204
            except OSError:  # No answer, or it could not be sent: on 503, Cetar comes again.
                status = 503
        self.send_response(status)
        self.end_headers()


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    ThreadingHTTPServer(("127.0.0.1", port), Webhook).serve_forever()
