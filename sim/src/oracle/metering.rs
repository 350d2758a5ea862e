//! I-5, R7: billed intervals are lifetimes; windows have no gap.

use nimbus_core::billing::{ContentHash, Run, Usage, UsageWindow, WINDOW_S, WindowState};
use nimbus_core::ids::TenantNo;
use nimbus_core::store::billing::UsageInterval;
use nimbus_core::time::Time;

use super::books::Books;
use super::coverage::{METERING, WINDOWS};
use super::violation::Finds;

/// A tenant's chain so far.
#[derive(Clone, Debug, Default)]
struct Chain {
    links: u64,
    head: ContentHash,
    end: Option<Time>,
    /// Use of all windows in it.
    usage: Usage,
}

/// All chains, and what waits to be opened or closed at this instant.
#[derive(Clone, Debug, Default)]
pub(super) struct Metering {
    chains: Vec<Chain>,
    /// Whether billing has recorded anything: without it nothing is metered.
    pub(super) on: bool,
    /// Pods that are bound and have no open interval.
    unopened: u64,
    /// Pods that were bound and have ended, and whose interval is not closed.
    unclosed: u64,
}

impl Metering {
    pub(super) fn bound(&mut self) {
        self.unopened += u64::from(self.on);
    }

    /// A bound pod has ended.
    pub(super) fn ended(&mut self) {
        self.unclosed += 1;
    }

    /// An interval is recorded: it is that of a pod, and it ends when that ends.
    pub(super) fn interval(&mut self, books: &mut Books, finds: &mut Finds, row: &UsageInterval) {
        let Some(pod) = books.pods.get(row.pod.0).copied() else {
            return finds.add(
                METERING,
                format!("pod {}", row.pod),
                "an interval of a pod that is bound, closed once",
                format!("{}..{:?}", row.start_s, row.end_s),
            );
        };
        let owner = books.owner(pod.service);
        // A pod that is bound and ends at one instant is opened and closed after both were reported.
        let opens = row.end_s.is_none() && !pod.metered;
        let ended = pod.ended.filter(|_| !opens).map(Time::secs);
        let stands = (owner, pod.service, pod.spec, pod.bound.secs(), ended);
        let billed = (
            Some(row.tenant),
            row.service,
            row.spec,
            row.start_s,
            row.end_s,
        );
        if pod.node.is_none() || stands != billed {
            finds.add(
                METERING,
                format!("pod {}", row.pod),
                format!("{stands:?}"),
                format!("{billed:?}"),
            );
        }
        if !pod.metered {
            self.unopened = self.unopened.saturating_sub(1);
            books.tenant(row.tenant).metered += 1;
        }
        if row.end_s.is_some() {
            let tenant = books.tenant(row.tenant);
            tenant.metered = tenant.metered.saturating_sub(1);
            self.unclosed = self.unclosed.saturating_sub(u64::from(pod.ended.is_some()));
            books.pods.remove(row.pod.0);
        } else if let Some(pod) = books.pods.get_mut(row.pod.0) {
            pod.metered = true;
        }
    }

    /// A run of windows is recorded: the next link, where the last one ended.
    pub(super) fn window(&mut self, finds: &mut Finds, window: &UsageWindow, hashes: bool) {
        let no = window.tenant;
        let chain = self.chain(no);
        let run = &window.run;
        let subject = || format!("window {} of tenant {no}", window.link);
        finds.equal(
            WINDOWS,
            subject,
            &(chain.links, chain.head),
            &(window.link, window.prev_hash),
        );
        let sealed = UsageWindow::seal(no, window.link, *run, window.prev_hash);
        if hashes && sealed.hash != window.hash {
            finds.add(
                WINDOWS,
                subject(),
                sealed.hash.to_string(),
                window.hash.to_string(),
            );
        }
        chain.links = window.link + 1;
        chain.head = window.hash;
        if run.state == WindowState::Late {
            chain.usage = sum(chain.usage, run.usage, 1);
            return;
        }
        let first = chain.end.unwrap_or(run.first);
        finds.equal(WINDOWS, subject, &first, &run.first);
        if run.first.secs().rem_euclid(WINDOW_S) != 0 || run.first.0 % 1_000_000 != 0 {
            finds.add(
                WINDOWS,
                subject(),
                "a multiple of 30 s",
                run.first.to_string(),
            );
        }
        chain.end = Some(run.end());
        chain.usage = sum(chain.usage, run.usage, i64::from(run.count));
    }

    fn chain(&mut self, no: TenantNo) -> &mut Chain {
        if self.chains.len() <= no.index() {
            self.chains.resize_with(no.index() + 1, Chain::default);
        }
        &mut self.chains[no.index()]
    }

    /// The use in a tenant's chain and what is not in it yet are all that it used.
    pub(super) fn chained(
        &mut self,
        finds: &mut Finds,
        no: TenantNo,
        open: (Option<Run>, Usage),
        total: Usage,
    ) {
        let (pending, partial) = open;
        let mut all = sum(self.chain(no).usage, partial, 1);
        if let Some(run) = pending {
            all = sum(all, run.usage, i64::from(run.count));
        }
        finds.equal(
            WINDOWS,
            || format!("all windows of tenant {no}"),
            &total,
            &all,
        );
    }

    /// At rest every bound pod has an open interval, and every ended one a closed one.
    pub(super) fn rest(&self, finds: &mut Finds) {
        if self.on && (self.unopened, self.unclosed) != (0, 0) {
            finds.add(
                METERING,
                "intervals at rest",
                "one open interval for each bound pod, none for others",
                format!("{} missing, {} left open", self.unopened, self.unclosed),
            );
        }
    }
}

fn sum(a: Usage, b: Usage, count: i64) -> Usage {
    let b = b.checked_mul(count);
    b.and_then(|b| a.checked_add(b)).unwrap_or(a)
}
