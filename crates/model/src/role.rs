//! What a person may do in the dashboard.

use crate::channel::words;

words! {
    /// A person's role in their workspace; each may what those before it may.
    pub enum Role {
        /// The inbox alone: reads conversations and answers them.
        Agent = "agent",
        /// Everything but the owners and the plan.
        Admin = "admin",
        /// Everything.
        Owner = "owner",
    }
}
