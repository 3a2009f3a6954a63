//! The figures, as they come and as one table.
#![expect(clippy::print_stdout, reason = "it prints what it measures")]

use std::{fmt, time::Duration};

use crate::process;

/// What a figure must be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bar {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
    /// It stands beside others.
    None,
}

impl Bar {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(bar) => value >= bar,
            Self::AtMost(bar) => value <= bar,
            Self::None => true,
        }
    }
}

impl fmt::Display for Bar {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(bar) => write!(to, ">= {}", number(*bar)),
            Self::AtMost(bar) => write!(to, "<= {}", number(*bar)),
            Self::None => Ok(()),
        }
    }
}

struct Row {
    scenario: &'static str,
    what: String,
    value: f64,
    unit: &'static str,
    bar: Bar,
}

/// All of a run.
pub(crate) struct Report {
    scenario: &'static str,
    rows: Vec<Row>,
}

impl Report {
    /// Says what it runs on.
    pub(crate) fn begin() -> Self {
        println!("{}\nload before: {}", process::machine(), process::load());
        Self { scenario: "", rows: Vec::new() }
    }

    /// What comes next belongs to this scenario.
    pub(crate) fn scenario(&mut self, name: &'static str) {
        println!("\n{name} (load {})", process::load());
        self.scenario = name;
    }

    /// A figure.
    pub(crate) fn add(&mut self, what: impl Into<String>, value: f64, unit: &'static str, bar: Bar) {
        let row = Row { scenario: self.scenario, what: what.into(), value, unit, bar };
        println!("  {}: {} {}  {}", row.what, number(value), unit, verdict(&row));
        self.rows.push(row);
    }

    /// A length of time, in milliseconds.
    pub(crate) fn add_time(&mut self, what: impl Into<String>, value: Duration, bar: Bar) {
        self.add(what, value.as_secs_f64() * 1000.0, "ms", bar);
    }

    /// All figures, as Markdown.
    pub(crate) fn table(&self) {
        println!("\n| | figure | | asked | |\n|---|---|---:|---|---|");
        let mut last = "";
        for row in &self.rows {
            let scenario = if row.scenario == last { "" } else { row.scenario };
            last = row.scenario;
            println!(
                "| {scenario} | {} | {} {} | {} | {} |",
                row.what,
                number(row.value),
                row.unit,
                row.bar,
                verdict(row)
            );
        }
        let short = self.rows.iter().filter(|row| !row.bar.is_met(row.value)).count();
        println!("\n{}\nload after: {}", process::machine(), process::load());
        println!("{} figures, {short} short of what is asked", self.rows.len());
    }
}

fn verdict(row: &Row) -> &'static str {
    match row.bar {
        Bar::None => "",
        bar if bar.is_met(row.value) => "yes",
        _ => "**no**",
    }
}

/// Three digits that matter.
fn number(value: f64) -> String {
    if value.abs() >= 100.0 {
        let whole = format!("{value:.0}");
        let mut out = String::new();
        for (at, digit) in whole.char_indices() {
            if at > 0 && (whole.len() - at).is_multiple_of(3) {
                out.push(',');
            }
            out.push(digit);
        }
        out
    } else if value.abs() >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// Something worth telling that is no figure.
pub(crate) fn note(text: &str) {
    println!("  {text}");
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Times, in order.
#[derive(Debug, Default, Clone)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The time that so many of a hundred stay within.
    pub(crate) fn percentile(&self, of_hundred: usize) -> Duration {
        self.0.get(self.0.len() * of_hundred / 100).or(self.0.last()).copied().unwrap_or_default()
    }

    pub(crate) fn longest(&self) -> Duration {
        self.0.last().copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_show_what_matters() {
        assert_eq!(number(1_234_567.0), "1,234,567");
        assert_eq!(number(123.0), "123");
        assert_eq!(number(12.34), "12.3");
        assert_eq!(number(0.354), "0.35");
    }

    #[test]
    fn a_percentile_is_a_time_that_was_measured() {
        let times = Times::new((1..=100).rev().map(Duration::from_millis).collect());
        assert_eq!(times.percentile(50), Duration::from_millis(51));
        assert_eq!(times.percentile(99), Duration::from_millis(100));
        assert_eq!(times.longest(), Duration::from_millis(100));
        assert_eq!(Times::default().percentile(99), Duration::ZERO);
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
    }
}
