//! Server-sent events, as far as our own server sends them: <https://html.spec.whatwg.org/multipage/server-sent-events.html>.

use anyhow::Context as _;
use axum::body::Body;
use http_body_util::BodyExt as _;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its name.
    pub(crate) name: String,
    /// Its data.
    pub(crate) data: String,
}

/// Events as they come.
pub(crate) struct Events {
    body: Body,
    text: Parser,
}

impl Events {
    pub(super) fn new(body: Body) -> Self {
        Self { body, text: Parser::default() }
    }

    /// Waits for the next one; `None` at the end.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Option<Event>> {
        loop {
            if let Some(event) = self.text.next() {
                return Ok(Some(event));
            }
            let Some(frame) = self.body.frame().await else { return Ok(None) };
            let frame = frame.context("the connection to the server broke off")?;
            if let Some(bytes) = frame.data_ref() {
                self.text.take(bytes);
            }
        }
    }
}

/// Bytes in, events out. Bytes come in pieces that may end anywhere, within a character too.
#[derive(Debug, Default)]
struct Parser {
    buffer: Vec<u8>,
    name: String,
    data: Vec<String>,
}

impl Parser {
    fn take(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    fn next(&mut self) -> Option<Event> {
        while let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.buffer.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\n', '\r']);
            if line.is_empty() {
                let (name, data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
                if !data.is_empty() {
                    return Some(Event { name, data: data.join("\n") });
                }
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut self.name),
                "data" => self.data.push(value.to_owned()),
                // A comment, or a field that says nothing here.
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_whatever_pieces_they_come_in() {
        let stream = ": hello\n\nevent: qr\ndata: {\"a\":\ndata: \"é\"}\nid: 7\n\n:\r\n\r\nevent: linked\r\ndata: {}\r\n\r\n";
        let expected = [
            Event { name: "qr".into(), data: "{\"a\":\n\"é\"}".into() },
            Event { name: "linked".into(), data: "{}".into() },
        ];
        for size in 1..stream.len() {
            let mut parser = Parser::default();
            let mut found = Vec::new();
            for piece in stream.as_bytes().chunks(size) {
                parser.take(piece);
                found.extend(std::iter::from_fn(|| parser.next()));
            }
            assert_eq!(found, expected, "in pieces of {size}");
        }
    }
}
