//! For tests of other crates: a clock moved by hand, a host in memory, a provider that does as it is told.

mod clock;
mod host;
mod scripted;

pub use clock::ManualClock;
pub use host::MemoryHost;
pub use scripted::{ScriptedProvider, ScriptedSession};
