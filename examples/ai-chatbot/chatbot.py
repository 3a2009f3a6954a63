"""Lets a language model answer, over any endpoint that speaks OpenAI's chat completions.

Start: WEBHOOK_SECRET=whsec_… OPENAI_BASE_URL=https://…/v1 OPENAI_API_KEY=… OPENAI_MODEL=… python3 chatbot.py [PORT]
The endpoint is added with --replies, so that Cetar sends what is answered here, once.
"""

import json
import os
import sys
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
    with urllib.request.urlopen(request, timeout=12) as response:  # Cetar waits for 15 seconds in all.
        return json.load(response)["choices"][0]["message"]["content"]


def answer(event: dict) -> dict:
    data = event["data"]
    if event["event"] != "message.received" or data["type"] != "text":
        return {}
    return {"reply": {"type": "text", "content": {"text": ask_model(data["text"])}}}


class Webhook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, said = 401, {}
        if is_from_cetar(os.environ["WEBHOOK_SECRET"], headers, body):
            try:
                status, said = 200, answer(json.loads(body))
            except OSError:  # The model did not answer: on 503, Cetar comes again.
                status = 503
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    ThreadingHTTPServer(("127.0.0.1", port), Webhook).serve_forever()
