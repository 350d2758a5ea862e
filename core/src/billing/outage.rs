//! Time that nobody observed: gaps, and what is in doubt.

use super::account::{Account, Doubt};
use super::chain::WindowState;
use super::machine::{Billing, account_mut, interval, record};
use super::usage::Usage;
use crate::ids::{PodNo, TenantNo};
use crate::machine::Outbox;
use crate::store::billing::Row;
use crate::time::Time;

/// A pod that ended unobserved.
struct Vanished {
    tenant: TenantNo,
    /// Its last proof of life, or its start if that is later.
    end_s: i64,
    rate: Usage,
}

impl Billing {
    /// Nothing was observed from `from` to now. What still exists is billed on; what vanished is billed to
    /// `from`, and the rest is in doubt: not charged, but counted.
    pub(super) fn outage(&mut self, now: Time, from: Time, vanished: &[PodNo], out: &mut Outbox) {
        let now_s = self.second(now);
        let from_s = self.second(from).min(now_s);
        let mut lost = self.lose(from_s, vanished, out);
        lost.sort_by_key(|pod| pod.tenant);
        let mut lost = lost.as_slice();
        for index in 0..self.accounts.len() {
            let tenant = TenantNo::at(index);
            let end = lost.partition_point(|pod| pod.tenant <= tenant);
            let (own, rest) = lost.split_at(end);
            lost = rest;
            if let Some(account) = account_mut(&mut self.accounts, tenant)
                && account.closed_s.is_none()
            {
                pass_over(account, from_s, now_s, own, out);
                record(account, out);
            }
        }
    }

    /// Closes the intervals of pods that vanished; unknown ones are ignored.
    fn lose(&mut self, from_s: i64, vanished: &[PodNo], out: &mut Outbox) -> Vec<Vanished> {
        let mut lost = Vec::new();
        for &pod in vanished {
            let Some(row) = self.open.remove(pod.0) else {
                continue;
            };
            let end_s = from_s.max(row.start_s);
            let requests = self.requests(row.spec).unwrap_or_default();
            self.audit.end(row.service, requests.cpu.0, end_s);
            self.finished.insert(pod);
            out.record(Row::Interval(interval(pod, row, Some(end_s))));
            lost.push(Vanished {
                tenant: row.tenant,
                end_s,
                rate: Usage::per_second(requests),
            });
        }
        lost
    }
}

fn pass_over(account: &mut Account, from_s: i64, now_s: i64, lost: &[Vanished], out: &mut Outbox) {
    let mut sealed = |window| out.record(Row::Window(Box::new(window)));
    account.advance(from_s, &mut sealed);
    for pod in lost {
        account.end(pod.rate);
        account.take_back(pod.end_s, pod.rate, &mut sealed);
    }
    let state = if lost.is_empty() {
        WindowState::Gap
    } else {
        WindowState::InDoubt
    };
    let pods = u32::try_from(lost.len()).unwrap_or(u32::MAX);
    account.advance_in(now_s, Doubt { state, pods }, &mut sealed);
}
