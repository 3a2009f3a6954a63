<?php
// Lets a language model answer, over any endpoint that speaks OpenAI's chat completions.
// Start: GATEWAY_URL=https://… GATEWAY_API_KEY=sk_live_… WEBHOOK_SECRET=whsec_… OPENAI_BASE_URL=https://…/v1 OPENAI_API_KEY=… \
//     OPENAI_MODEL=… php -S 127.0.0.1:8000 chatbot.php
require __DIR__ . '/../webhooks/verify.php';

const INSTRUCTION = 'Anda adalah asisten toko kami di WhatsApp. Jawab singkat dan sopan, dalam bahasa pelanggan.';

/** What the model says; null if it did not answer in time. */
function ask_model(string $question): ?string
{
    $curl = curl_init(getenv('OPENAI_BASE_URL') . '/chat/completions');
    curl_setopt_array($curl, [
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 10, // Cetar waits for 15 seconds in all.
        CURLOPT_HTTPHEADER => ['Authorization: Bearer ' . getenv('OPENAI_API_KEY'), 'Content-Type: application/json'],
        CURLOPT_POSTFIELDS => json_encode([
            'model' => getenv('OPENAI_MODEL'),
            'messages' => [
                ['role' => 'system', 'content' => INSTRUCTION],
                ['role' => 'user', 'content' => $question],
            ],
        ]),
    ]);
    $answer = curl_exec($curl);
    if ($answer === false || curl_getinfo($curl, CURLINFO_RESPONSE_CODE) !== 200) {
        return null;
    }
    return json_decode($answer, true)['choices'][0]['message']['content'] ?? null;
}

/** Sends a text. The same webhook can come twice: under its id, the second time sends nothing. */
function reply(array $event, string $text, string $webhook_id): bool
{
    $curl = curl_init(getenv('GATEWAY_URL') . '/v1/messages');
    curl_setopt_array($curl, [
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 3,
        CURLOPT_HTTPHEADER => [
            'Authorization: Bearer ' . getenv('GATEWAY_API_KEY'),
            'Content-Type: application/json',
            "Idempotency-Key: $webhook_id",
        ],
        CURLOPT_POSTFIELDS => json_encode([
            'channel' => $event['channel'],
            'session_id' => $event['session_id'],
            'to' => $event['data']['from'],
            'type' => 'text',
            'content' => ['text' => $text],
        ]),
    ]);
    // 422: it cannot be sent, or was, in other words. To come again would not help.
    return curl_exec($curl) !== false && in_array(curl_getinfo($curl, CURLINFO_RESPONSE_CODE), [200, 422], true);
}

$body = file_get_contents('php://input');
$headers = array_change_key_case(getallheaders());
if (!is_from_cetar(getenv('WEBHOOK_SECRET'), $headers, $body)) {
    http_response_code(401);
    exit;
}
$event = json_decode($body, true);
$sent = true;
if ($event['event'] === 'message.received' && $event['data']['type'] === 'text') {
    $answer = ask_model($event['data']['text']);
    $sent = $answer !== null && reply($event, $answer, $headers['webhook-id']);
}
http_response_code($sent ? 204 : 503); // On 503, Cetar comes again.
