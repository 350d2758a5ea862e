//! Speaks with a Nimbus server over its REST API, and with nothing else.
//!
//! Guarantees: a call ends (deadlines everywhere, Ctrl-C heard within 100 ms); a write is never carried out
//! twice (one idempotency key per write, kept over repetitions); a lost answer is said to be one; a token goes
//! only to the server that it belongs to. Never decides anything that the server decides.

mod answer;
mod call;
pub(crate) mod check;
mod http;
mod options;
mod session;
mod settings;
mod stream;
mod wait;

pub(crate) use answer::Answer;
pub(crate) use call::{Call, segment};
pub(crate) use check::Check;
pub(crate) use http::Client;
pub(crate) use options::Remote;
pub(crate) use session::{Page, Session, api, is_id};
pub(crate) use settings::{Context, Credential, Settings, Target, address};
pub(crate) use stream::Event;
pub(crate) use wait::look;

#[cfg(test)]
mod tests;
