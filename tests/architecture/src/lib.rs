//! Proves what the compiler does not: which crate may use which, where SQL and status codes may stand, which licences
//! come along, that links in the documentation lead somewhere, that the fuzz targets fit what they call, that the unit, the
//! Dockerfile and the scripts hold what they promise. Each failure says what to do. Builds nothing but itself: it reads
//! manifests, sources and what `cargo metadata` and `cargo tree` say.
#![cfg(test)]

mod arrows;
mod documents;
mod features;
mod fuzz;
mod licences;
mod packaging;
mod scripts;
mod sources;
mod spdx;
mod workspace;
