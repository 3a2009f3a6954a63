<?php
// Lets a language model answer, over any endpoint that speaks OpenAI's chat completions.
// Start: WEBHOOK_SECRET=whsec_… OPENAI_BASE_URL=https://…/v1 OPENAI_API_KEY=… OPENAI_MODEL=… php -S 127.0.0.1:8000 chatbot.php
// The endpoint is added with --replies, so that Cetar sends what is answered here, once.
require __DIR__ . '/../webhooks/verify.php';

const INSTRUCTION = 'Anda adalah asisten toko kami di WhatsApp. Jawab singkat dan sopan, dalam bahasa pelanggan.';

/** What the model says; null if it did not answer in time. */
function ask_model(string $question): ?string
{
    $curl = curl_init(getenv('OPENAI_BASE_URL') . '/chat/completions');
    curl_setopt_array($curl, [
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 12, // Cetar waits for 15 seconds in all.
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

$body = file_get_contents('php://input');
if (!is_from_cetar(getenv('WEBHOOK_SECRET'), array_change_key_case(getallheaders()), $body)) {
    http_response_code(401);
    exit;
}
['event' => $event, 'data' => $data] = json_decode($body, true);
if ($event === 'message.received' && $data['type'] === 'text') {
    $text = ask_model($data['text']);
    if ($text === null) {
        http_response_code(503); // Cetar comes again.
        exit;
    }
    header('Content-Type: application/json');
    echo json_encode(['reply' => ['type' => 'text', 'content' => ['text' => $text]]]);
}
