//! The provider against the stand-in of WhatsApp's network: real sockets, real Noise, real Signal.

#[cfg(test)]
mod buttons;
#[cfg(test)]
mod connection;
#[cfg(test)]
mod edits;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod inbound;
#[cfg(test)]
mod kinds;
#[cfg(test)]
mod linking;
#[cfg(test)]
mod media;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod sending;
#[cfg(test)]
mod world;
