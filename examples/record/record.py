"""Writes every event to a SQLite database, once. Start: WEBHOOK_SECRET=whsec_… DATABASE=events.db python3 record.py [PORT]"""

import json
import os
import sqlite3
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "webhooks"))
from verify import is_from_cetar

SECRET = os.environ["WEBHOOK_SECRET"]
DATABASE = sqlite3.connect(os.environ["DATABASE"], check_same_thread=False)
DATABASE.execute("CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY, event TEXT NOT NULL, body TEXT NOT NULL)")


class Webhook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        if not is_from_cetar(SECRET, headers, body):
            self.send_error(401)
            return
        # The same webhook can come twice: its id stays, so the second time changes nothing.
        with DATABASE:
            row = (headers["webhook-id"], json.loads(body)["event"], body.decode())
            DATABASE.execute("INSERT INTO events (id, event, body) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING", row)
        self.send_response(204)
        self.end_headers()


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    HTTPServer(("127.0.0.1", port), Webhook).serve_forever()
