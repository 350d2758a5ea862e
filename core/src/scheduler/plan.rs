//! The boot plan: how many nodes of which pool the waiting pods need.
//!
//! The pods that wait are first-fitted, specification by specification in order of the queue, onto
//! imagined nodes: first those that are on their way, then new ones of the cheapest pool whose template
//! takes the pod. Alike imagined nodes are kept as one run with a count.

use super::amount::Amount;

/// Most specifications that one plan looks at; the rest is looked at in the next pass.
pub(super) const DEMANDS_MAX: usize = 256;

/// Pods of one specification that wait.
#[derive(Clone, Debug)]
pub(super) struct Demand {
    /// What each asks for.
    pub(super) ask: Amount,
    /// How many.
    pub(super) count: u32,
    /// Per pool: whether its template passes the attribute filters.
    pub(super) passes: Vec<bool>,
}

/// A pool as the plan sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Supply {
    /// What a node of it offers.
    pub(super) offers: Amount,
    /// Price of a node.
    pub(super) price: u64,
    /// Nodes on their way.
    pub(super) coming: u32,
    /// Nodes that may still be ordered.
    pub(super) room: u32,
}

/// An order of nodes of one pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Order {
    /// How many nodes.
    pub(super) nodes: u32,
    /// Pods that the order is for.
    pub(super) pods: u32,
}

/// Imagined nodes that are alike.
#[derive(Clone, Copy, Debug)]
struct Imagined {
    pool: usize,
    count: u32,
    free: Amount,
}

fn part(free: i64, ask: i64) -> u32 {
    match (free, ask) {
        (_, ..=0) => u32::MAX,
        (..=0, _) => 0,
        (free, ask) => u32::try_from(free / ask).unwrap_or(u32::MAX),
    }
}

/// How many pods fit into what is free.
fn copies(free: Amount, ask: Amount) -> u32 {
    part(free.cpu, ask.cpu)
        .min(part(free.memory, ask.memory))
        .min(part(free.pods, ask.pods))
}

fn times(ask: Amount, count: u32) -> Amount {
    let count = i64::from(count);
    Amount {
        cpu: ask.cpu.saturating_mul(count),
        memory: ask.memory.saturating_mul(count),
        pods: ask.pods.saturating_mul(count),
    }
}

/// Fits up to `left` pods onto a run; returns how many are left. The run is split where its nodes differ
/// afterwards; the parts go to `parts`.
fn fill(run: Imagined, ask: Amount, left: u32, parts: &mut Vec<Imagined>) -> u32 {
    let each = copies(run.free, ask);
    if each == 0 || left == 0 {
        parts.push(run);
        return left;
    }
    let full = run.count.min(left / each);
    let mut left = left - full * each;
    let mut push = |count: u32, pods: u32| {
        if count > 0 {
            parts.push(Imagined {
                count,
                free: run.free - times(ask, pods),
                ..run
            });
        }
    };
    push(full, each);
    let mut rest = run.count - full;
    if rest > 0 && left > 0 {
        push(1, left);
        left = 0;
        rest -= 1;
    }
    push(rest, 0);
    left
}

/// Pools in the order in which they are tried: cheapest first, then the lowest ordinal.
fn by_price(supplies: &[Supply]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..supplies.len()).collect();
    order.sort_by_key(|&pool| (supplies[pool].price, pool));
    order
}

/// Nodes to order of each pool.
pub(super) fn plan(demands: &[Demand], supplies: &[Supply]) -> Vec<Order> {
    let pools = by_price(supplies);
    let mut orders = vec![Order::default(); supplies.len()];
    let mut imagined: Vec<Imagined> = pools
        .iter()
        .map(|&pool| Imagined {
            pool,
            count: supplies[pool].coming,
            free: supplies[pool].offers,
        })
        .filter(|run| run.count > 0)
        .collect();
    for demand in demands.iter().take(DEMANDS_MAX) {
        let mut left = demand.count;
        let mut parts = Vec::with_capacity(imagined.len() + 2);
        for run in imagined {
            if demand.passes[run.pool] {
                left = fill(run, demand.ask, left, &mut parts);
            } else {
                parts.push(run);
            }
        }
        for &pool in pools.iter().filter(|&&pool| demand.passes[pool]) {
            let (supply, order) = (&supplies[pool], &mut orders[pool]);
            let each = copies(supply.offers, demand.ask);
            let count = match each {
                0 => 0,
                each => left.div_ceil(each).min(supply.room - order.nodes),
            };
            if count > 0 {
                let run = Imagined {
                    pool,
                    count,
                    free: supply.offers,
                };
                let rest = fill(run, demand.ask, left, &mut parts);
                order.nodes += count;
                order.pods = order.pods.saturating_add(left - rest);
                left = rest;
            }
        }
        imagined = parts;
    }
    orders
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(cpu: i64) -> Amount {
        Amount {
            cpu,
            memory: 0,
            pods: 1,
        }
    }

    fn supply(cpu: i64, price: u64, coming: u32, room: u32) -> Supply {
        Supply {
            offers: Amount {
                pods: 10,
                ..amount(cpu)
            },
            price,
            coming,
            room,
        }
    }

    fn demand(cpu: i64, count: u32) -> Demand {
        Demand {
            ask: amount(cpu),
            count,
            passes: vec![true; 3],
        }
    }

    #[track_caller]
    fn check(demands: &[Demand], supplies: &[Supply], expected: &[(u32, u32)]) {
        let orders: Vec<_> = plan(demands, supplies)
            .into_iter()
            .map(|order| (order.nodes, order.pods))
            .collect();
        assert_eq!(orders, expected);
    }

    #[test]
    fn the_cheapest_pool_that_fits_is_ordered_within_its_room() {
        let pools = [supply(8, 50, 0, 9), supply(4, 10, 0, 2)];
        check(&[demand(2, 3)], &pools, &[(0, 0), (2, 3)]);
        check(&[demand(2, 5)], &pools, &[(1, 1), (2, 4)]);
        check(&[demand(6, 1)], &pools, &[(1, 1), (0, 0)]);
        check(&[demand(9, 1)], &pools, &[(0, 0), (0, 0)]);
    }

    #[test]
    fn nodes_on_their_way_are_filled_first() {
        check(&[demand(2, 5)], &[supply(4, 1, 2, 9)], &[(1, 1)]);
        check(&[demand(2, 4)], &[supply(4, 1, 2, 9)], &[(0, 0)]);
    }

    #[test]
    fn what_is_left_on_an_imagined_node_serves_the_next() {
        check(
            &[demand(3, 2), demand(1, 2)],
            &[supply(4, 1, 0, 9)],
            &[(2, 2)],
        );
        check(
            &[demand(3, 2), demand(1, 3)],
            &[supply(4, 1, 0, 9)],
            &[(3, 3)],
        );
    }

    #[test]
    fn pods_that_ask_for_nothing_fill_no_node() {
        let nothing = Demand {
            ask: Amount::default(),
            count: u32::MAX,
            passes: vec![true],
        };
        check(&[nothing], &[supply(4, 1, 0, 9)], &[(1, u32::MAX)]);
    }
}
