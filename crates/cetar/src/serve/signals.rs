//! SIGTERM and SIGINT end the server, SIGHUP reads the certificate anew.

use std::{process::ExitCode, sync::Arc};

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::tls::Tls;

/// What asked it to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// SIGTERM: a service manager.
    Terminate,
    /// SIGINT: Ctrl-C.
    Interrupt,
}

impl Ending {
    /// Its name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Terminate => "SIGTERM",
            Self::Interrupt => "SIGINT",
        }
    }

    /// What a shell shows of a process that the signal ended: 128 and its number.
    pub(super) fn exit_code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        })
    }
}

/// The signals, listened to from the moment this exists.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    pub(super) fn listen() -> anyhow::Result<Self> {
        let on = |kind| signal(kind).context("signals cannot be listened to");
        Ok(Self {
            terminate: on(SignalKind::terminate())?,
            interrupt: on(SignalKind::interrupt())?,
            hang_up: on(SignalKind::hangup())?,
        })
    }

    /// Waits to be told to end; reads the certificate anew meanwhile, when told so.
    pub(super) async fn wait(&mut self, tls: Option<&Arc<Tls>>) -> Ending {
        loop {
            tokio::select! {
                Some(ending) = Self::ending(&mut self.terminate, &mut self.interrupt) => return ending,
                Some(()) = self.hang_up.recv() => match tls.map(|tls| tls.reload()) {
                    Some(Ok(())) => tracing::info!("the certificate was read anew"),
                    Some(Err(error)) => tracing::error!("the certificate stays as it was: {error:#}"),
                    None => tracing::info!("SIGHUP: there is no certificate to read anew"),
                },
            }
        }
    }

    /// The next signal to end.
    pub(super) async fn next(&mut self) -> Option<Ending> {
        Self::ending(&mut self.terminate, &mut self.interrupt).await
    }

    async fn ending(terminate: &mut Signal, interrupt: &mut Signal) -> Option<Ending> {
        tokio::select! {
            got = terminate.recv() => got.map(|()| Ending::Terminate),
            got = interrupt.recv() => got.map(|()| Ending::Interrupt),
        }
    }
}
