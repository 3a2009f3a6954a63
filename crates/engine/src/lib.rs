//! Use cases and long-running loops: accept, work, keep alive, take in, deliver.
