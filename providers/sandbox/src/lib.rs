//! A network that lives in the process: simulated people, every outcome on demand.
