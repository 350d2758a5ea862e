//! R14: what waits is bounded by what there is.

use super::books::Books;
use super::coverage::BOUNDED;
use super::violation::Finds;

/// Timers that a machine may have armed for each thing that it keeps. They are not cancelled, so stale ones
/// count until they are due.
const TIMERS_PER_THING: u64 = 16;
/// Timers that do not belong to anything.
const TIMERS_FREE: u64 = 1_000;

/// At rest no message waits, and timers are in proportion to nodes, services and tenants.
pub(super) fn rest(books: &Books, finds: &mut Finds, queue: usize, timers: usize) {
    finds.equal(BOUNDED, || "messages at rest".to_owned(), &0, &queue);
    let things = books.nodes.len() + books.services.len() + books.tenants.len() + books.orgs.len();
    let most = TIMERS_FREE + TIMERS_PER_THING * things as u64;
    if timers as u64 > most {
        finds.add(
            BOUNDED,
            "timers",
            format!("at most {most}"),
            format!("{timers}"),
        );
    }
}
