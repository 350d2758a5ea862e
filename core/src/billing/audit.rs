//! The second opinion: samples of the cluster against the open intervals. It never changes a charge.
//!
//! A sample is older than its delivery. A service that has changed since, or in the same second, cannot
//! be compared, and is left for the next sample: no false alarm, and none is lost that lasts.

use std::collections::BTreeMap;

use crate::cluster::{ServiceUsage, UsageTick};
use crate::ids::{ServiceNo, TenantNo};
use crate::time::Time;

use super::chain::WINDOW_S;

/// Most services that are audited; those beyond are billed but not compared.
pub const SERVICES_MAX: usize = 1 << 24;

/// Open intervals of one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Service {
    cpu_m: u64,
    changed_s: i64,
    open: u32,
    tenant: TenantNo,
}

const NEVER: Service = Service {
    cpu_m: 0,
    changed_s: i64::MIN,
    open: 0,
    tenant: TenantNo(0),
};

/// The auditor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Audit {
    services: Vec<Service>,
    /// Services with at least one open interval.
    busy: usize,
    /// When the last sample was taken: the last proof of life.
    sampled: Option<Time>,
}

impl Audit {
    pub(crate) fn sampled(&self) -> Option<Time> {
        self.sampled
    }

    pub(crate) fn set_sampled(&mut self, at: Time) {
        self.sampled = Some(at);
    }

    /// An interval of the service opens.
    #[inline]
    pub(crate) fn begin(&mut self, service: ServiceNo, tenant: TenantNo, cpu_m: u64, now_s: i64) {
        let index = service.index();
        if index >= SERVICES_MAX {
            return;
        }
        if index >= self.services.len() {
            self.services.resize(index + 1, NEVER);
        }
        let row = &mut self.services[index];
        self.busy += usize::from(row.open == 0);
        row.tenant = tenant;
        row.open += 1;
        row.cpu_m = row.cpu_m.saturating_add(cpu_m);
        row.changed_s = row.changed_s.max(now_s);
    }

    /// An interval of the service closes.
    #[inline]
    pub(crate) fn end(&mut self, service: ServiceNo, cpu_m: u64, now_s: i64) {
        if let Some(row) = self.services.get_mut(service.index())
            && row.open > 0
        {
            row.open -= 1;
            row.cpu_m = row.cpu_m.saturating_sub(cpu_m);
            row.changed_s = row.changed_s.max(now_s);
            self.busy -= usize::from(row.open == 0);
        }
    }

    /// Compares a sample; `None` if it is not newer than the last one, else pod-seconds of difference by
    /// tenant.
    pub(crate) fn compare(&mut self, tick: &UsageTick) -> Option<BTreeMap<TenantNo, i64>> {
        let last = self.sampled.replace(tick.sampled_at);
        let step_s = match last {
            Some(last) if tick.sampled_at <= last => {
                self.sampled = Some(last);
                return None;
            }
            Some(last) => tick.sampled_at.secs().saturating_sub(last.secs()),
            None => WINDOW_S,
        };
        let mut drift = BTreeMap::new();
        let mut seen = 0;
        let sampled_s = tick.sampled_at.secs();
        for sample in &tick.services {
            let row = self.row(sample.service);
            seen += usize::from(row.open > 0);
            let pods = difference(&row, sample);
            if pods > 0 && row.changed_s < sampled_s {
                add(&mut drift, sample.tenant, pods, step_s);
            }
        }
        if seen < self.busy {
            self.compare_unseen(tick, step_s, &mut drift);
        }
        Some(drift)
    }

    /// Services with open intervals of which the sample says nothing.
    fn compare_unseen(&self, tick: &UsageTick, step_s: i64, drift: &mut BTreeMap<TenantNo, i64>) {
        let sampled_s = tick.sampled_at.secs();
        let mut samples = tick.services.iter().peekable();
        for (index, row) in self.services.iter().enumerate() {
            let service = ServiceNo::at(index);
            while samples.next_if(|sample| sample.service < service).is_some() {}
            let unseen = samples
                .peek()
                .is_none_or(|sample| sample.service != service);
            if unseen && row.open > 0 && row.changed_s < sampled_s {
                add(drift, row.tenant, row.open, step_s);
            }
        }
    }

    fn row(&self, service: ServiceNo) -> Service {
        self.services.get(service.index()).copied().unwrap_or(NEVER)
    }
}

/// Pods that one side sees and the other does not; at least one if more is requested than is open.
fn difference(row: &Service, sample: &ServiceUsage) -> u32 {
    let pods = row.open.abs_diff(sample.bound);
    if pods == 0 && sample.requested_m > row.cpu_m {
        1
    } else {
        pods
    }
}

fn add(drift: &mut BTreeMap<TenantNo, i64>, tenant: TenantNo, pods: u32, step_s: i64) {
    let sum = drift.entry(tenant).or_insert(0);
    *sum = sum.saturating_add(i64::from(pods).saturating_mul(step_s));
}
