//! A listing for a person.

use serde_json::Value;

use crate::output::{remark, tell};

/// Between columns.
const GAP: &str = "  ";

/// Prints these members of each entry under these headings; a column that is empty throughout is left out. `empty` is said where
/// there is no entry.
pub(super) fn print(entries: &[Value], columns: &[(&str, &str)], empty: &str) -> anyhow::Result<()> {
    if entries.is_empty() {
        remark(empty);
        return Ok(());
    }
    tell(&layout(entries, columns))
}

fn layout(entries: &[Value], columns: &[(&str, &str)]) -> String {
    let filled = columns.iter().map(|(heading, member)| {
        let cells: Vec<String> = entries.iter().map(|entry| cell(&entry[*member])).collect();
        (*heading, cells)
    });
    let filled: Vec<_> = filled.filter(|(_, cells)| cells.iter().any(|cell| !cell.is_empty())).collect();
    let widths: Vec<usize> = filled
        .iter()
        .map(|(heading, cells)| cells.iter().map(|cell| cell.chars().count()).fold(heading.len(), usize::max))
        .collect();
    let line = |cells: Vec<&str>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    };
    let headings = line(filled.iter().map(|(heading, _)| *heading).collect());
    let rows =
        (0..entries.len()).map(|row| line(filled.iter().map(|(_, cells)| cells[row].as_str()).collect()));
    std::iter::once(headings).chain(rows).collect::<Vec<_>>().join("\n")
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(false) => String::new(),
        Value::Bool(true) => "yes".to_owned(),
        // A name may hold anything; a terminal must not obey it.
        Value::String(text) => text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_are_as_wide_as_they_must_be_and_empty_ones_are_left_out() {
        let entries = [
            json!({"id": "dev_1", "name": "Toko", "paused": false, "gone": null, "events": ["a", "b"]}),
            json!({"id": "dev_22", "name": "Kantor\u{1b}[31m", "paused": true, "gone": null, "events": []}),
        ];
        let columns =
            [("ID", "id"), ("NAME", "name"), ("PAUSED", "paused"), ("GONE", "gone"), ("EVENTS", "events")];
        assert_eq!(
            layout(&entries, &columns),
            "ID      NAME         PAUSED  EVENTS\ndev_1   Toko                 a,b\ndev_22  Kantor [31m  yes"
        );
    }
}
