//! Log lines on standard error. Standard output is for results.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use tracing_subscriber::{
    EnvFilter, filter::filter_fn, fmt::time::SystemTime, layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::config::{Config, Log, LogFormat};

/// Starts logging as configured. A command that is not the server says only what went wrong, unless more is asked for.
pub(crate) fn start(config: &Config, is_server: bool) -> anyhow::Result<()> {
    let quiet = !is_server && config.log.level == Log::default().level;
    let filter = if quiet { EnvFilter::new("error") } else { config.log.filter().context("`log.level`")? };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_timer(SystemTime);
    let discreet = filter_fn(|line| may_speak(line.target()));
    let registry = tracing_subscriber::registry().with(filter).with(discreet);
    match config.log.format {
        LogFormat::Text => {
            registry.with(lines.with_ansi(std::io::stderr().is_terminal()).with_target(false)).try_init()
        }
        LogFormat::Json => registry
            .with(lines.json().flatten_event(true).with_current_span(true).with_span_list(false))
            .try_init(),
    }
    .context("logging is started twice")
}

/// The lines of WhatsApp's library hold numbers and contents: they stay out whatever is set.
fn may_speak(target: &str) -> bool {
    !cetar_whatsapp_web::NOISY_LOG_TARGETS.iter().any(|noisy| target.starts_with(noisy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatsapps_library_stays_silent_and_our_own_part_does_not() {
        assert!(!may_speak("whatsapp_rust::socket"));
        assert!(!may_speak("Client/Recv"));
        assert!(may_speak("cetar_whatsapp_web::session"));
    }
}
