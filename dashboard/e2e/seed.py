"""Multiplies the newest conversation of a stopped server's SQLite file: seed.py FILE COUNT

Every row is a copy of what the server wrote itself, with an id, an address and a time of its own, so this knows of the tables only
what must differ.
"""

import sqlite3
import sys

file, count = sys.argv[1], int(sys.argv[2])
db = sqlite3.connect(file)
db.row_factory = sqlite3.Row

conversation = dict(db.execute("SELECT * FROM conversations ORDER BY last_message_at DESC LIMIT 1").fetchone())
contact = dict(
    db.execute("SELECT * FROM contacts WHERE channel = ? AND address = ?", (conversation["channel"], conversation["chat"])).fetchone()
)
message = dict(
    db.execute(
        "SELECT * FROM messages WHERE conversation = ? AND sequence = ?", (conversation["id"], conversation["last_sequence"])
    ).fetchone()
)


def insert(table, rows):
    names = list(rows[0])
    places = ", ".join("?" for _ in names)
    db.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})", ([row[name] for name in names] for row in rows))


numbers = range(1, count + 1)
address = {number: f"62813{number:08}" for number in numbers}
earlier = {number: conversation["last_message_at"] - 1_000 * number for number in numbers}
with db:
    insert("contacts", [contact | {"id": f"ctc_{n:032x}", "address": address[n], "name": f"Pelanggan {n}"} for n in numbers])
    insert(
        "conversations",
        [
            conversation | {"id": f"cnv_{n:032x}", "chat": address[n], "last_message_at": earlier[n], "unread": n % 3}
            for n in numbers
        ],
    )
    insert(
        "messages",
        [
            message
            | {
                "id": f"msg_{n:032x}",
                "conversation": f"cnv_{n:032x}",
                "sender": address[n],
                "remote_id": f"seeded-{n}",
                "created_at": earlier[n],
                "state_at": earlier[n],
            }
            for n in numbers
        ],
    )
