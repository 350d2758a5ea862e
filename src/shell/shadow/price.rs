//! What a choice costs.

use std::collections::BTreeMap;

use nimbus_core::billing::PriceList;
use nimbus_core::cluster::UsageTick;
use nimbus_core::explain::Decision;
use nimbus_core::ids::ServiceNo;
use nimbus_core::time::Span;

const HOUR_US: i128 = 3_600_000_000;
const GIB: i128 = 1 << 30;

/// Prices, and what a replica of each service asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct Prices {
    pub(super) list: PriceList,
    /// Of a node of each pool for an hour.
    pub(super) nodes: Vec<u64>,
    /// Of each service: millicores and bytes of one replica.
    pub(super) replicas: BTreeMap<ServiceNo, (u64, u64)>,
}

impl Prices {
    /// Learns what replicas ask for.
    pub(super) fn measure(&mut self, tick: &UsageTick) {
        for usage in &tick.services {
            let ready = u64::from(usage.ready);
            if let (Some(cpu), Some(memory)) = (
                usage.requested_m.checked_div(ready),
                usage.requested_memory.checked_div(ready),
            ) {
                self.replicas.insert(usage.service, (cpu, memory));
            }
        }
    }

    /// Millionths of the minor unit: replicas that come or go, for a period; nodes, for an hour.
    pub(super) fn of(&self, decision: &Decision, period: Span) -> i128 {
        match decision {
            Decision::Scale(scale) => {
                let (cpu, memory) = self.replicas.get(&scale.service).copied().unwrap_or((0, 0));
                let hour = i128::from(cpu) * i128::from(self.list.cpu_vcpu_hour) / 1_000
                    + i128::from(memory) * i128::from(self.list.memory_gib_hour) / GIB;
                let change = i128::from(scale.to) - i128::from(scale.from);
                change * hour * i128::from(period.0) / HOUR_US
            }
            Decision::Pool(pool) => {
                let price = self.nodes.get(pool.pool.index()).copied().unwrap_or(0);
                let change = i128::from(pool.booted) - i128::from(pool.removed.is_some());
                change * i128::from(price)
            }
            _ => 0,
        }
    }
}
