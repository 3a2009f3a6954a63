//! `GET /` of a program that was built without the dashboard: is it running, and how is the first message sent?

use axum::{extract::State, http::HeaderMap, response::IntoResponse};

use super::html::{escape, page as html_page};
use crate::{context::Context, error::ApiError, here::base, language::Spoken, state::AppState};

pub(crate) async fn page(
    State(state): State<AppState>,
    context: Context,
    Spoken(language): Spoken,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    let readiness = state.readiness().await;
    let ready = if readiness.is_ready() {
        language.pick("● Siap", "● Ready")
    } else if readiness.stopping {
        language.pick("○ Sedang berhenti", "○ Stopping")
    } else if !readiness.disk {
        language.pick("○ Belum siap: disk hampir penuh", "○ Not ready: the disk is nearly full")
    } else if readiness.database {
        language.pick("○ Belum siap: pekerja tidak berjalan", "○ Not ready: the workers do not run")
    } else {
        language.pick(
            "○ Belum siap: database tidak dapat ditulis",
            "○ Not ready: the database does not take writes",
        )
    };
    let simulated = if state.options.simulated {
        language.pick(
            "<p class=\"warn\" role=\"alert\">BUILD SIMULASI: berbicara dengan jaringan tiruan. Jangan dipakai untuk pesan sungguhan.</p>",
            "<p class=\"warn\" role=\"alert\">SIMULATED BUILD: it speaks to simulated networks. Not for real messages.</p>",
        )
    } else {
        ""
    };
    let texts = language.pick(
        [
            "Gateway pesan: satu API untuk WhatsApp, Telegram, Messenger, dan Instagram.",
            "Kirim pesan pertama",
            "Ganti <code>YOUR_API_KEY</code> dengan key yang dicetak saat server pertama kali dijalankan, atau buat dengan <code>cetar key create --name toko --test</code>. Key <code>sk_test_</code> mengirim ke orang simulasi: nomor apa pun boleh, tanpa ponsel.",
            "Lihat nasibnya dengan <code>GET /v1/jobs/{job_id}</code>. Untuk WhatsApp sungguhan: <code>cetar device add --channel whatsapp --name toko</code>, lalu <code>cetar device link ID</code>, dan pakai key <code>sk_live_</code>.",
            "Dokumentasi",
            "Referensi API",
            "dokumen OpenAPI 3.1",
            "kesiapan per bagian",
            "Program ini dibangun tanpa dasbor. Bangun dengan <code>make run</code> atau <code>make release</code>, atau jalankan <code>scripts/dashboard</code> sebelum <code>cargo build</code>.",
        ],
        [
            "A messaging gateway: one API for WhatsApp, Telegram, Messenger and Instagram.",
            "Send the first message",
            "Replace <code>YOUR_API_KEY</code> with the key printed when the server first ran, or make one with <code>cetar key create --name shop --test</code>. A <code>sk_test_</code> key sends to simulated people: any number will do, and no phone is needed.",
            "See what became of it with <code>GET /v1/jobs/{job_id}</code>. For real WhatsApp: <code>cetar device add --channel whatsapp --name shop</code>, then <code>cetar device link ID</code>, and use a <code>sk_live_</code> key.",
            "Documentation",
            "API reference",
            "OpenAPI 3.1 document",
            "readiness, part by part",
            "This program was built without its dashboard. Build it with <code>make run</code> or <code>make release</code>, or run <code>scripts/dashboard</code> before <code>cargo build</code>.",
        ],
    );
    let [about, first, key, then, docs, reference, spec, readyz, without] = texts;
    let curl = format!(
        "curl -X POST {}/v1/messages \\\n  -H 'Authorization: Bearer YOUR_API_KEY' \\\n  -H 'Content-Type: application/json' \\\n  -d '{}'",
        base(&state, &context, &headers),
        r#"{"channel": "whatsapp", "type": "text", "to": "6281234567890", "content": {"text": "Halo! Ini pesan teks dari Cetar API."}}"#,
    );
    let body = format!(
        "<h1>Cetar</h1>\n<p class=\"dim\">{about}</p>\n{simulated}<p>{without}</p>\n\
         <p><span class=\"state\">{ready}</span> <span class=\"dim\">cetar {version}</span></p>\n\
         <h2>{first}</h2>\n<p>{key}</p>\n<pre><code>{curl}</code></pre>\n<p>{then}</p>\n\
         <h2>{docs}</h2>\n<ul><li><a href=\"/docs\">{reference}</a></li><li><a href=\"/openapi.json\">{spec}</a></li>\
         <li><a href=\"/readyz\">{readyz}</a></li></ul>\n",
        version = escape(&state.options.version),
        curl = escape(&curl),
    );
    Ok(html_page(language, "Cetar", &body))
}
