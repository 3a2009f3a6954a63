<?php
// Writes every event to a database, once. Start: WEBHOOK_SECRET=whsec_… DATABASE=sqlite:events.db php -S 127.0.0.1:8000 record.php
// DATABASE is any DSN of PDO: SQLite, PostgreSQL, MySQL (there, write INSERT IGNORE and VARCHAR(64) for the id).
require __DIR__ . '/../webhooks/verify.php';

$body = file_get_contents('php://input');
$headers = array_change_key_case(getallheaders());
if (!is_from_cetar(getenv('WEBHOOK_SECRET'), $headers, $body)) {
    http_response_code(401);
    exit;
}
$database = new PDO(getenv('DATABASE'));
$database->exec('CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY, event TEXT NOT NULL, body TEXT NOT NULL)');
// The same webhook can come twice: its id stays, so the second time changes nothing.
$insert = $database->prepare('INSERT INTO events (id, event, body) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING');
$insert->execute([$headers['webhook-id'], json_decode($body, true)['event'], $body]);
http_response_code(204);
