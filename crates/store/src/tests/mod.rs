//! The specification of the store, run on both engines. Each test is a sentence.

mod suite;
mod world;
