//! What the two pages share: one style, no script, nothing from elsewhere.

use std::fmt::{self, Write};

use axum::{
    http::{HeaderName, header},
    response::{Html, IntoResponse},
};
use cetar_model::Language;

const STYLE: &str = "\
:root{color-scheme:light dark;--bg:#fbfaf8;--fg:#1c1b1a;--dim:#5f5b55;--line:#dedad3;--card:#fff;--accent:#0b6e4f;--warn:#8a1c1c}
@media(prefers-color-scheme:dark){:root{--bg:#161513;--fg:#ece9e4;--dim:#a8a29a;--line:#37342f;--card:#1f1d1a;--accent:#5fd0a5;--warn:#ff9d9d}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.6 system-ui,-apple-system,'Segoe UI',sans-serif}
main{max-width:52rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}
h1{font-size:1.7rem;margin:0 0 .25rem}h2{font-size:1.15rem;margin:2.2rem 0 .6rem}h3{font-size:1rem;margin:1.4rem 0 .3rem}
p{margin:.4rem 0}a{color:var(--accent)}.dim{color:var(--dim)}
code,pre{font:.86rem/1.55 ui-monospace,'SF Mono',Menlo,Consolas,monospace}
pre{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.9rem 1rem;overflow-x:auto}
.warn{border:2px solid var(--warn);color:var(--warn);border-radius:.5rem;padding:.7rem 1rem;font-weight:600;margin:1rem 0}
.state{display:inline-block;border:1px solid var(--line);background:var(--card);border-radius:2rem;padding:.1rem .8rem}
details{border:1px solid var(--line);background:var(--card);border-radius:.5rem;margin:.5rem 0;padding:.1rem 1rem}
summary{cursor:pointer;padding:.55rem 0}summary code{font-weight:600}details pre{background:var(--bg)}
table{border-collapse:collapse;width:100%;display:block;overflow-x:auto}
td,th{border-bottom:1px solid var(--line);padding:.35rem .6rem .35rem 0;text-align:left;vertical-align:top}";

/// Scripts, pictures, frames and forms are all refused: the page has none.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A whole page around `body`, which is HTML already.
pub(super) fn page(language: Language, title: &str, body: &str) -> impl IntoResponse + use<> {
    let html = format!(
        "<!doctype html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title}</title><style>{STYLE}</style></head>\n<body><main>\n{body}</main></body></html>\n",
        title = escape(title),
    );
    let headers: [(HeaderName, &str); 4] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::VARY, "accept-language"),
        (header::CONTENT_LANGUAGE, language.as_str()),
    ];
    (headers, Html(html))
}

/// Text as it may stand in HTML, between tags or in a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Writes at the end of a page in the making.
pub(super) fn put(html: &mut String, more: fmt::Arguments<'_>) {
    // A `String` takes everything.
    let _infallible = html.write_fmt(more);
}

/// The little Markdown our own descriptions use: paragraphs, lists, `code` and **strong**.
pub(super) fn prose(markdown: &str) -> String {
    let mut html = String::new();
    for block in markdown.split("\n\n") {
        if block.starts_with("- ") {
            let items =
                block.split("\n- ").map(|item| format!("<li>{}</li>", inline(item.trim_start_matches("- "))));
            put(&mut html, format_args!("<ul>{}</ul>", items.collect::<String>()));
        } else {
            put(&mut html, format_args!("<p>{}</p>", inline(block)));
        }
    }
    html
}

fn inline(text: &str) -> String {
    let mut html = String::new();
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            put(&mut html, format_args!("<code>{}</code>", escape(part)));
            continue;
        }
        for (index, part) in part.split("**").enumerate() {
            let part = escape(part);
            if index % 2 == 1 {
                put(&mut html, format_args!("<strong>{part}</strong>"));
            } else {
                html += &part;
            }
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_shown_can_become_markup() {
        assert_eq!(escape(r#"<a href="x">'&'</a>"#), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
        assert_eq!(
            prose("a `<b>` **c**\n\n- d\n- `e`"),
            "<p>a <code>&lt;b&gt;</code> <strong>c</strong></p><ul><li>d</li><li><code>e</code></li></ul>"
        );
    }
}
