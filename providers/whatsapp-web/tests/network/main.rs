//! The provider against the stand-in of WhatsApp's network: real sockets, real Noise, real Signal.

mod connection;
mod inbound;
mod linking;
mod sending;
mod world;
