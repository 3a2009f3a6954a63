<?php
// Answers every text. Start: WEBHOOK_SECRET=whsec_… php -S 127.0.0.1:8000 auto-reply.php
// The endpoint is added with --replies, so that Cetar sends what is answered here, once.
require __DIR__ . '/../webhooks/verify.php';

$body = file_get_contents('php://input');
if (!is_from_cetar(getenv('WEBHOOK_SECRET'), array_change_key_case(getallheaders()), $body)) {
    http_response_code(401);
    exit;
}
['event' => $event, 'data' => $data] = json_decode($body, true);
if ($event === 'message.received' && $data['type'] === 'text') {
    $name = $data['sender_name'] ?? 'Kak';
    $reply = ['type' => 'text', 'content' => ['text' => "Halo $name, pesan Anda sudah kami terima."]];
    header('Content-Type: application/json');
    echo json_encode(['reply' => $reply]);
}
