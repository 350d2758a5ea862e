//! Requests whose reservation is under way. They live only within an instant and are not recorded.

use super::change::Change;
use super::deploy::Create;
use super::input::NewApp;
use std::sync::Arc;

use crate::ids::ServiceNo;
use crate::time::Span;
use crate::units::Resources;

/// A request that waits for the tenant machine's answer.
#[derive(Clone, Debug)]
pub(super) enum Pending {
    App(Arc<NewApp>),
    Create(Box<Create>),
    Change(Box<Change>),
    Run {
        service: ServiceNo,
        count: u32,
        lifetime: Option<Span>,
        asked: Resources,
    },
}

/// The requests by ticket. Tickets begin at 0 again when none is left, so that they do not depend on
/// what happened at earlier instants.
#[derive(Clone, Debug, Default)]
pub(super) struct Tickets {
    waiting: Vec<Option<Pending>>,
    live: usize,
}

impl Tickets {
    pub(super) fn put(&mut self, pending: Pending) -> u64 {
        self.live += 1;
        self.waiting.push(Some(pending));
        self.waiting.len() as u64 - 1
    }

    pub(super) fn take(&mut self, ticket: u64) -> Option<Pending> {
        let slot = self.waiting.get_mut(usize::try_from(ticket).ok()?)?;
        let pending = slot.take()?;
        self.live -= 1;
        if self.live == 0 {
            self.waiting.clear();
        }
        Some(pending)
    }
}
