//! `[[node_pool]]`.

use nimbus_core::units::Resources;

use crate::scenario::limits;
use crate::scenario::model::NodePool;
use crate::scenario::reader::Reader;
use crate::scenario::value;

/// A pool. `exponent` is that of the currency.
pub(in crate::scenario) fn read(mut r: Reader<'_, '_>, exponent: u32) -> NodePool {
    let places = [r.place_of("min"), r.place_of("count")];
    let name = r.slug("name").unwrap_or_default();
    let allocatable = Resources {
        cpu: r.cpu("cpu").unwrap_or_default(),
        memory: r.memory("memory").unwrap_or_default(),
        pods: r.count32("pods").unwrap_or_default(),
    };
    let (count, min, max) = (r.count32("count"), r.count32("min"), r.count32("max"));
    let pool = NodePool {
        name,
        allocatable,
        count: count.or(min).unwrap_or_default(),
        min: min.or(count).unwrap_or_default(),
        max: max.or(count).or(min).unwrap_or_default(),
        arch: r.arch("arch").unwrap_or_default(),
        region: r.text("region").unwrap_or_default(),
        zones: r.get("zones", value::texts).unwrap_or_default(),
        labels: r.get("labels", value::labels).unwrap_or_default(),
        taints: r.taints("taints"),
        boot_delay: r.delay("boot_delay"),
        price_per_hour: r
            .get("price_per_hour", |item, form| {
                value::amount(item, form, exponent, 6)
            })
            .unwrap_or_default(),
    };
    if r.clean() {
        if pool.allocatable.cpu.0 == 0 || pool.allocatable.memory.0 == 0 {
            r.wrong("cpu", "a node without cpu or memory: expected both above 0");
        }
        if count.or(min).is_none() {
            r.wrong(
                "count",
                "missing: expected the number of nodes at the start, or min",
            );
        } else if pool.min > pool.max {
            let message = format!("{} is above max {}", pool.min, pool.max);
            r.wrong_at(places[0], "min", message);
        } else if !(pool.min..=pool.max).contains(&pool.count) {
            let message = format!(
                "{}: expected {}..{}, from min to max",
                pool.count, pool.min, pool.max
            );
            r.wrong_at(places[1], "count", message);
        }
        if u64::from(pool.max) > limits::NODES_MAX {
            r.wrong(
                "max",
                format!("{}: expected at most {}", pool.max, limits::NODES_MAX),
            );
        }
    }
    r.finish();
    pool
}
