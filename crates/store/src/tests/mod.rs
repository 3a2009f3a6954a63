//! The specification of the store, run on both engines. Each test is a sentence.

mod accepting;
mod administering;
mod broken_commits;
mod calling;
mod changing;
mod content;
mod delivering;
mod devices;
mod durability;
mod endpoints;
mod failing;
mod inbox;
mod merging;
mod opening;
mod pacing;
mod random;
mod receiving;
mod replying;
mod sending;
mod settling;
mod statements;
mod streaming;
mod world;
