//! How large a scenario may be. Beyond a limit it is refused with a message that names it.

use nimbus_core::time::Span;

/// Bytes of a scenario file.
pub const FILE_BYTES_MAX: usize = 1 << 20;
/// The newest version of the format that is read.
pub const VERSION: u32 = 1;
/// Node pools.
pub const POOLS_MAX: usize = 1_000;
/// Nodes, the `max` of all pools together.
pub const NODES_MAX: u64 = 200_000;
/// Tenants, groups expanded.
pub const TENANTS_MAX: usize = 10_000;
/// Workloads, groups expanded.
pub const WORKLOADS_MAX: usize = 100_000;
/// Pods that a scenario starts or generates with, all workloads and loads together.
pub const PODS_MAX: u64 = 2_000_000;
/// Replicas of one service.
pub const REPLICAS_MAX: u32 = 1_000;
/// Entries of `[[load]]`.
pub const LOADS_MAX: usize = 10_000;
/// Workloads that loads reach, and tenants that generated pods belong to, all loads together.
pub const REACH_MAX: usize = 1_000_000;
/// Entries of `[[load]]` with a trace file.
pub const TRACES_MAX: usize = 100;
/// Entries of `[[action]]`.
pub const ACTIONS_MAX: usize = 10_000;
/// Points of a `[sweep]` grid, seeds included.
pub const GRID_MAX: u64 = 100_000;
/// The longest duration.
pub const SPAN_MAX: Span = Span::from_secs(10 * 366 * 86_400);
/// The shortest metrics period and autoscale period.
pub const PERIOD_MIN: Span = Span::from_secs(1);
/// Usage samples of a run: `duration / metrics_period`.
pub const SAMPLES_MAX: i64 = 20_000_000;
/// The highest rate, in requests or pods per second.
pub const RATE_MAX: u64 = 1_000_000_000;
/// Bytes of a trace file as stored.
pub const TRACE_BYTES_MAX: u64 = 256 << 20;
/// Problems that are listed; further ones are counted.
pub const PROBLEMS_MAX: usize = 50;
